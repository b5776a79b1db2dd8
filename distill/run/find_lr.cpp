#include "distill/run/find_lr.h"

#include <fmt/format.h>

#include "distill/run/train.h"
#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace cucurbit {

FoundRate find_lr(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer) {
  const Setup setup = set_up(spec, distillation, observer);
  const RunFolder folder(distillation ? "distill" : "train", spec, setup.data->class_names);
  Network network = make_network(spec, *setup.data, observer);
  FoundRate found{sweep_learning_rates(network, {spec, *setup.data, setup.objective(spec, distillation), observer}),
                  folder.path() / "lr_finder.csv"};
  if (found.sweep.points.empty())
    throw Error(ErrorKind::not_finite, "[find-lr] the loss of the first step is not finite: look at the data");
  std::string csv = "lr,loss,smoothed_loss\n";
  for (const auto& [rate, loss, smoothed] : found.sweep.points)
    csv += fmt::format("{:.6g},{:.6g},{:.6g}\n", rate, loss, smoothed);
  write_file_atomically(found.csv, csv);
  return found;
}

}  // namespace cucurbit
