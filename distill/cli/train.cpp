#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/find_lr.h"
#include "distill/cli/profile.h"
#include "distill/cli/train_network.h"
#include "distill/modes/registry.h"
#include "engine/io/atomic_file.h"

namespace cucurbit::cli {

namespace {
void train(const TrainingFlags& flags, const std::string& arguments) {
  apply_math(flags.math);
  const RunData data = prepare_data(flags);
  const MakeTrainer make = [&](Network& network, const TrainOptions& options) {
    return Trainer(make_step("labels", {.student = network,
                                        .data = data.train,
                                        .options = options,
                                        .teacher = nullptr,
                                        .method = {.name = "ce", .knobs = {}},
                                        .weights = {.label_smoothing = flags.smoothing}}),
                   options);
  };
  if (flags.profile) return profile(flags, data, make);
  const RunFolder folder(flags.output, "train", flags.model, flags.seed, arguments, data.class_names, flags.resume);
  if (flags.find_lr) return find_lr(flags, data, make, folder);
  Network network = make_network(flags, data);
  Trainer trainer = make(network, flags.train_options(data.train.count()));
  const Trained trained = train_network("", trainer, data, flags, folder);
  const nlohmann::json summary = summary_of(trained);
  write_file_atomically(folder.path() / "summary.json", summary.dump(2) + "\n");
  if (flags.json) {
    fmt::print("{}\n", summary.dump(2));
    return;
  }
  if (trained.test.samples > 0)
    fmt::print("{}: {} test errors of {} ({:.2f} %), {} parameters, {} epochs, {:.1f} s\n", trained.model,
               trained.test.errors, trained.test.samples, 100 * trained.test.top1, trained.parameters, trained.epochs,
               trained.seconds);
  fmt::print("best weights: {}; evaluate: cucurbit eval {} {}\n", trained.weights.string(), trained.weights.string(),
             flags.data);
}
}  // namespace

void add_train(CLI::App& program) {
  auto flags = std::make_shared<TrainingFlags>();
  flags->model = "mlp:800x800";
  CLI::App* command = program.add_subcommand("train", "Train a classifier on labels");
  add_training_flags(*command, *flags);
  command->callback([command, flags] { train(*flags, arguments_of(*command)); });
}

}  // namespace cucurbit::cli
