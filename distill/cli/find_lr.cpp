#include "distill/cli/find_lr.h"

#include <fmt/format.h>

#include "engine/io/atomic_file.h"
#include "engine/train/rate_sweep.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace {
void write_csv(const RateSweep& sweep, const std::filesystem::path& path) {
  std::string csv = "lr,loss,smoothed_loss\n";
  for (const auto& [rate, loss, smoothed] : sweep.points)
    csv += fmt::format("{:.6g},{:.6g},{:.6g}\n", rate, loss, smoothed);
  write_file_atomically(path, csv);
}

void print_table(const RateSweep& sweep) {
  constexpr size_t kRows = 20;
  const size_t stride = std::max<size_t>(1, sweep.points.size() / kRows);
  fmt::print("{:>10} {:>10} {:>10}\n", "lr", "loss", "smoothed");
  for (size_t i = 0; i < sweep.points.size(); i += stride)
    fmt::print("{:>10.3g} {:>10.4f} {:>10.4f}\n", sweep.points[i].rate, sweep.points[i].loss, sweep.points[i].smoothed);
}
}  // namespace

void find_lr(const TrainingFlags& flags, const RunData& data, const MakeTrainer& make, const RunFolder& folder) {
  Network network = make_network(flags, data);
  const RateSweep sweep = sweep_rates([&](const TrainOptions& options) { return make(network, options); },
                                      flags.train_options(data.train.count()));
  if (sweep.points.empty())
    throw Error(ErrorKind::not_finite, "[find-lr] the loss of the first step is not finite: look at the data");
  const std::filesystem::path path = folder.path() / "lr_finder.csv";
  write_csv(sweep, path);
  if (flags.json) {
    const nlohmann::json json{
        {"steepest", sweep.steepest}, {"below_minimum", sweep.below_minimum}, {"csv", path.string()}};
    fmt::print("{}\n", json.dump(2));
    return;
  }
  print_table(sweep);
  fmt::print("the loss falls fastest at --lr {:.2g}; a tenth of the rate of the least loss: --lr {:.2g}\n{}\n",
             sweep.steepest, sweep.below_minimum, path.string());
}

}  // namespace cucurbit::cli
