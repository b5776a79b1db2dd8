#include "distill/run/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace cucurbit {

namespace {
constexpr double kWidth = 420, kHeight = 220, kLeft = 56, kRight = 8, kTop = 10, kBottom = 24;  // of a chart, in pixels
constexpr size_t kMostShownClasses = 30;  // in the confusion matrix

constexpr const char* kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}figure{display:inline-block;margin:0 1em 1em 0}"
    "table{border-collapse:collapse}td,th{padding:.15em .6em;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child{text-align:left}pre{background:#f6f6f6;padding:1em;overflow-x:auto}"
    "svg text{font:11px system-ui,sans-serif;fill:#555}.train{stroke:#c60;color:#c60}.val{stroke:#06c;color:#06c}"
    "polyline{fill:none;stroke-width:1.8}.axis{stroke:#bbb}";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

/// RFC 4648.
std::string base64(const std::string& bytes) {
  constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(bytes.size() - at, 3);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? uint8_t(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) text += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

struct Series {
  const char* css;
  std::vector<double> values;  // one an epoch
};

/// The polyline of a series on an axis from `low` to `high`; a gap is no point.
std::string polyline(const Series& series, double low, double high) {
  const size_t count = series.values.size();
  const double across = kWidth - kLeft - kRight, up = kHeight - kTop - kBottom;
  std::string points;
  for (size_t i = 0; i < count; ++i) {
    if (!std::isfinite(series.values[i])) continue;
    const double x = kLeft + across * (count > 1 ? double(i) / double(count - 1) : 0.5);
    const double y = kTop + up * (1 - (series.values[i] - low) / (high - low));
    points += fmt::format("{:.1f},{:.1f} ", x, y);
  }
  return fmt::format("<polyline class=\"{}\" points=\"{}\"/>", series.css, points);
}

std::string chart(const std::string& title, const std::string& legend, const std::vector<Series>& all) {
  double low = INFINITY, high = -INFINITY;
  for (const Series& series : all)
    for (const double value : series.values)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  if (!(low <= high)) return "";
  if (low == high) {
    const double around = low == 0 ? 0.5 : std::abs(low) / 2;
    low -= around;
    high += around;
  }
  const double bottom = kHeight - kBottom, right = kWidth - kRight;
  std::string svg =
      fmt::format("<figure><svg width=\"{}\" height=\"{}\" role=\"img\"><title>{}</title>", kWidth, kHeight, title);
  svg += fmt::format("<path class=\"axis\" fill=\"none\" d=\"M{0},{1}V{2}H{3}\"/>", kLeft, kTop, bottom, right);
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.4g}</text>", kLeft - 4, kTop + 9, high);
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.4g}</text>", kLeft - 4, bottom, low);
  svg += fmt::format("<text x=\"{}\" y=\"{}\">epoch 1</text>", kLeft, kHeight - 8);
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", right, kHeight - 8,
                     all.front().values.size());
  for (const Series& series : all) svg += polyline(series, low, high);
  return svg + fmt::format("</svg><figcaption>{}{}</figcaption></figure>\n", title, legend);
}

Series series_of(const char* css, const std::vector<EpochReport>& epochs,
                 const std::function<double(const EpochReport&)>& value) {
  Series series{css, {}};
  for (const EpochReport& epoch : epochs) series.values.push_back(value(epoch));
  return series;
}

std::string curves(const std::vector<EpochReport>& epochs) {
  const auto validated = [](const EpochReport& e, double value) { return e.validation.samples > 0 ? value : NAN; };
  const std::string legend = " (<span class=\"train\">training</span>, <span class=\"val\">validation</span>)";
  return chart("Loss", legend,
               {series_of("train", epochs, [](const EpochReport& e) { return e.train.loss; }),
                series_of("val", epochs, [&](const EpochReport& e) { return validated(e, e.validation.loss); })}) +
         chart("Accuracy", legend,
               {series_of("train", epochs, [](const EpochReport& e) { return e.train.top1; }),
                series_of("val", epochs, [&](const EpochReport& e) { return validated(e, e.validation.top1); })}) +
         chart("Learning rate", "", {series_of("train", epochs, [](const EpochReport& e) { return e.learning_rate; })});
}

std::string class_table(const Evaluation& test, const std::vector<std::string>& names) {
  std::string html = "<table><tr><th>class<th>images<th>correct<th>accuracy<th>precision</tr>\n";
  const std::vector<ClassReport> reports = class_reports(test);
  for (size_t c = 0; c < reports.size(); ++c)
    html += fmt::format("<tr><td>{}<td>{}<td>{}<td>{:.2f} %<td>{:.2f} %</tr>\n", escaped(names[c]), reports[c].images,
                        reports[c].correct, 100 * reports[c].recall, 100 * reports[c].precision);
  return html + "</table>\n";
}

/// Rows are true classes, columns predicted ones, shaded by their share of the row.
std::string confusion_table(const Evaluation& test, const std::vector<std::string>& names) {
  const size_t classes = names.size();
  if (test.confusion.empty() || classes > kMostShownClasses) return "";
  const std::vector<ClassReport> reports = class_reports(test);
  std::string html = "<h2>Confusion matrix</h2>\n<p>Rows: true class; columns: predicted class.</p>\n<table><tr><th>";
  for (const std::string& name : names) html += "<th>" + escaped(name);
  html += "</tr>\n";
  for (size_t actual = 0; actual < classes; ++actual) {
    html += "<tr><td>" + escaped(names[actual]);
    for (size_t predicted = 0; predicted < classes; ++predicted) {
      const int64_t count = test.confusion[actual * classes + predicted];
      const double share = reports[actual].images > 0 ? double(count) / double(reports[actual].images) : 0;
      html += fmt::format("<td style=\"background:rgba({},{:.3f})\">{}", actual == predicted ? "0,102,204" : "204,68,0",
                          0.6 * std::sqrt(share), count);
    }
    html += "</tr>\n";
  }
  return html + "</table>\n";
}
}  // namespace

std::string report_html(const Report& report) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title><style>{1}"
      "</style></head><body>\n<h1>{0}</h1>\n",
      escaped(report.title), kStyle);
  const Evaluation& test = report.test;
  if (test.samples > 0)
    html += fmt::format("<p>Test: {} errors of {} images, accuracy {:.2f} %, top-5 {:.2f} %, loss {:.5f}.</p>\n",
                        test.errors, test.samples, 100 * test.top1, 100 * test.top5, test.loss);
  html += fmt::format("<p>Best weights: <code>{}</code></p>\n", escaped(report.weights));
  if (!report.epochs.empty()) html += "<h2>Training curves</h2>\n" + curves(report.epochs);
  if (!test.confusion.empty()) html += "<h2>Classes</h2>\n" + class_table(test, report.class_names);
  html += confusion_table(test, report.class_names);
  for (const Report::Picture& picture : report.pictures)
    html += fmt::format("<h2>{0}</h2>\n<p><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"></p>\n",
                        escaped(picture.title), base64(picture.png));
  html += fmt::format("<h2>Options</h2>\n<pre>{}</pre>\n<h2>Environment</h2>\n<pre>{}</pre>\n</body></html>\n",
                      escaped(report.arguments), escaped(report.environment));
  return html;
}

}  // namespace cucurbit
