#include <fmt/format.h>

#include "cli/options/tables.h"
#include "distill/methods/registry.h"

namespace cucurbit::cli {

Option math_option(Math& math) {
  return {"--math", "What computes linear layers and convolutions: vendor is cuBLAS and cuDNN, own is our kernels",
          choice(math)};
}

Option tta_option(TestTimeAugmentation& tta) {
  return {"--tta", "Test-time augmentation: flip averages over an image and its mirror image", choice(tta)};
}

std::vector<Option> regularization_options(RunSpec& spec) {
  const Range probability{.low = 0, .high = 0.99};
  return grouped("Regularisation",
                 {{"--smoothing", "Label smoothing", &spec.smoothing, kShare},
                  {"--drop", "Dropout probability of the model's dropout layers", &spec.drop, probability},
                  {"--drop-path",
                   "Stochastic depth: the probability of dropping the last residual branch, falling linearly to 0 at "
                   "the first",
                   &spec.drop_path, probability}});
}

std::vector<Option> run_options(TrainingArguments& arguments) {
  RunSpec& spec = arguments.spec;
  return grouped(
      "Run",
      {{"--seed", "Seed of initial weights, order, augmentation and dropout", &spec.seed},
       {"--val-size",
        "Images cut off the training set for validation where the data bring none; 0 cuts off none, -1 a tenth but at "
        "most 5000",
        &spec.val_size, Range{.low = -1}},
       {"--patience", "Stop after so many epochs without a better validation accuracy; 0 never stops", &spec.patience,
        kNotNegative},
       {"--max-steps", "Stop after so many steps; 0 sets no limit", &spec.max_steps, kNotNegative},
       {"--fast-dev-run", "Train one epoch of at most 20 steps, to see that everything works", &spec.fast_dev_run},
       {"--overfit-batches",
        "Train and validate on the images of so many batches alone, without augmentation: the loss of a sound set-up "
        "goes to 0; 0 takes all images",
        &spec.overfit_batches, kNotNegative},
       {"--profile", "Instead of training, print the time, operations and bytes of every op of a step",
        &arguments.profile},
       {"--find-lr", "Instead of training, sweep the learning rate and suggest one", &arguments.find_lr},
       {"--amp-dtype",
        "Element type of activations and weight copies; auto is bfloat16 where the hardware multiplies it",
        choice(spec.amp_dtype)},
       math_option(spec.math),
       tta_option(spec.tta),
       {"--resume",
        "Continue a run: its folder, or auto for the newest unfinished run of these options, if there is one",
        &spec.output.resume},
       {"--no-graph", "Run every step anew instead of replaying a captured one", &spec.no_graph},
       {"--data-residency",
        "Where the images are: device keeps them in its memory, stream copies batch by batch from the host, auto "
        "decides by their size",
        choice(spec.data_residency)},
       {"--output", "The folder in which run folders are made", &spec.output.output},
       {"-q,--quiet", "Show no progress", &arguments.quiet},
       {"--json", "Print the result as JSON", &arguments.json},
       {"--no-color", "Show progress as plain text, which NO_COLOR in the environment does too", &arguments.no_color}});
}

std::vector<Option> training_options(TrainingArguments& arguments) {
  RunSpec& spec = arguments.spec;
  const std::vector<Option> general = {
      {"--model", "The model; `cucurbit models` lists them", &spec.model},
      {"--pretrained-path", "Start from a PyTorch state dict (.safetensors) with the model's names",
       &spec.pretrained_path},
      {"-b,--batch-size",
       "Images of a batch; the last incomplete batch is dropped, which holds different images every epoch",
       &spec.batch_size, kPositive},
      {"--epochs", "Passes over the training set", &spec.epochs, kPositive}};
  return joined({data_options(spec.data), general, optimizer_options(spec), schedule_options(spec.schedule),
                 regularization_options(spec), augmentation_options(spec.augment), run_options(arguments)});
}

namespace {
std::string method_help() {
  std::string help = "The distillation method, with its knobs if any, as in kd:temperature=2. There are:";
  std::string_view before = " ";
  for (const MethodInfo& method : methods()) {
    help += fmt::format("{}{}, {}", before, method.name, method.summary);
    before = "; ";
  }
  return help;
}
}  // namespace

std::vector<Option> distillation_options(DistillSpec& spec) {
  return grouped("Distillation",
                 {{.names = "--teacher",
                   .help = "Weights of the teacher (.safetensors)",
                   .value = &spec.teacher,
                   .required = true},
                  {"--method", method_help(), &spec.method},
                  {"--kd-temperature", "Temperature of the softened probabilities of teacher and student",
                   &spec.kd_temperature, kPositive},
                  {"--distill-loss-weight", "Weight of the distillation term, T^2 KL(teacher || student)",
                   &spec.distill_loss_weight, kNotNegative},
                  {"--task-loss-weight", "Weight of the task term, the cross-entropy with the labels",
                   &spec.task_loss_weight, kNotNegative},
                  {"--baseline", "Train the same student without the teacher as well", &spec.baseline}});
}

}  // namespace cucurbit::cli
