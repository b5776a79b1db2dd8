#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/evaluation_data.h"
#include "engine/io/npy.h"

namespace cucurbit::cli {

namespace {
struct PredictFlags : EvaluationFlags {
  std::string logits;
};

/// A field of a CSV file (RFC 4180).
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

/// "index,class,probability" of every row; of an image folder "path,class,probability".
void print_predictions(const std::vector<float>& logits, const ImageSet& set) {
  const size_t classes = set.class_names.size();
  fmt::print("{},class,probability\n", set.paths.empty() ? "index" : "path");
  for (size_t row = 0; row * classes < logits.size(); ++row) {
    const float* const first = logits.data() + row * classes;
    const float* const largest = std::max_element(first, first + classes);
    double sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += std::exp(double(first[c]) - double(*largest));
    const std::string sample = set.paths.empty() ? std::to_string(row) : quoted(set.paths[row]);
    fmt::print("{},{},{:.6f}\n", sample, quoted(set.class_names[size_t(largest - first)]), 1 / sum);
  }
}

void predict(const PredictFlags& flags) {
  apply_math(flags.math);
  auto [loaded, set] = prepare_evaluation(flags);
  const Tensor logits = logits_of(loaded.network, DeviceSet(set, loaded.info.normalization));
  const std::vector<float> values = logits.to_host<float>();
  if (flags.logits.empty()) {
    print_predictions(values, set);
    return;
  }
  write_npy(flags.logits, DType::f32, logits.shape().dims(), std::as_bytes(std::span(values)));
  fmt::print("{}: f32 {}\n", flags.logits, to_string(logits.shape()));
}
}  // namespace

void add_predict(CLI::App& program) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = program.add_subcommand("predict", "Classify images with a trained network");
  add_evaluation_flags(*command, *flags);
  command->add_option("--logits", flags->logits, "write the logits [images, classes] to this .npy file instead");
  command->callback([flags] { predict(*flags); });
}

}  // namespace cucurbit::cli
