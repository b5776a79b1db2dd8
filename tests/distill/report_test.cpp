// report.html: complete, self-contained, and safe whatever the classes are called.
#include "distill/run/report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cucurbit {
namespace {

int64_t count(const std::string& text, const std::string& part) {
  int64_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Report example() {
  Report report{.title = "mlp <b>",
                .epochs = {},
                .test = {.samples = 10, .errors = 3, .loss = 0.5, .top1 = 0.7, .top5 = 1, .confusion = {5, 1, 2, 2}},
                .class_names = {"cats & <script>alert(1)</script>", "\"dogs\""},
                .arguments = "[train]\nepochs=3\n",
                .environment = "{\"device\": \"x\"}",
                .weights = "runs/best.safetensors"};
  for (int64_t e = 1; e <= 3; ++e)
    report.epochs.push_back({.epoch = e,
                             .train = {.loss = 1 / double(e), .top1 = 0.5, .samples = 100},
                             .validation = {.samples = e == 2 ? 0 : 10, .loss = 2.0, .top1 = 0.1 * double(e)},
                             .learning_rate = 0.1});
  return report;
}

TEST(Report, NeedsNothingFromElsewhere) {
  const std::string html = report_html(example());
  for (const char* forbidden : {"http", "src=", "<script", "<link", "@import", "mlp <b>"})
    EXPECT_EQ(html.find(forbidden), std::string::npos) << forbidden;
  EXPECT_NE(html.find("cats &amp; &lt;script&gt;alert(1)&lt;/script&gt;"), std::string::npos);
  EXPECT_NE(html.find("&quot;dogs&quot;"), std::string::npos);
  for (const char* tag : {"html", "body", "svg", "figure", "table", "pre"})
    EXPECT_EQ(count(html, std::string("<") + tag), count(html, std::string("</") + tag)) << tag;
}

TEST(Report, ShowsCurvesClassesAndOptions) {
  const std::string html = report_html(example());
  EXPECT_EQ(count(html, "<polyline"), 5);  // loss and accuracy twice, the learning rate
  // Three epochs across; losses 1, 1/2, 1/3 on an axis from 1/3 to 2.
  EXPECT_NE(html.find("points=\"56.0,121.6 234.0,177.4 412.0,196.0 \""), std::string::npos) << html;
  EXPECT_EQ(count(html, "points=\"56.0,10.0 412.0,10.0 \""), 1) << "an epoch without validation is a gap";
  EXPECT_NE(html.find("<td>6<td>5<td>83.33 %<td>71.43 %"), std::string::npos);
  EXPECT_NE(html.find("<td>4<td>2<td>50.00 %<td>66.67 %"), std::string::npos);
  for (const char* text : {"3 errors of 10 images, accuracy 70.00 %", "epochs=3", "&quot;device&quot;", "runs/best"})
    EXPECT_NE(html.find(text), std::string::npos) << text;
}

TEST(Report, PicturesAreEmbedded) {
  Report report = example();
  const char* const png[] = {"", "\x89", "\x89P", "\x89PN", "\x89PNG\xff\xfe"};
  for (const char* bytes : png) report.pictures.push_back({"what <it> saw", bytes});
  const std::string html = report_html(report);
  for (const char* text : {"\"data:image/png;base64,\"", ",iQ==\"", ",iVA=\"", ",iVBO\"", ",iVBOR//+\""})  // base64(1)
    EXPECT_EQ(count(html, text), 1) << text;
  EXPECT_EQ(count(html, "src=\"data:"), 5);
  EXPECT_EQ(count(html, "src="), 5);
  EXPECT_EQ(count(html, "what <it> saw"), 0);
}

TEST(Report, WithoutEpochsOrTestSetItIsShort) {
  Report report = example();
  report.epochs.clear();
  report.test = {};
  const std::string html = report_html(report);
  EXPECT_EQ(count(html, "<svg"), 0);
  EXPECT_EQ(count(html, "<table"), 0);
  EXPECT_NE(html.find("epochs=3"), std::string::npos);
}

}  // namespace
}  // namespace cucurbit
