#include "distill/cli/flags.h"

#include <fmt/format.h>

#include <limits>
#include <sstream>

#include "distill/cli/validators.h"
#include "engine/math_mode.h"
#include "engine/runtime/native_bf16.h"

namespace cucurbit::cli {

namespace {
void add_optimizer_flags(CLI::App& app, TrainingFlags& flags) {
  const std::string group = "Optimiser";
  app.add_option(
         "--opt", flags.opt,
         "sgd, adam, adamw, or muon: matrices and filters but for the first layer and the classifier by Muon, the "
         "rest by --muon-rest")
      ->check(CLI::IsMember({"sgd", "adam", "adamw", "muon"}))
      ->group(group)
      ->capture_default_str();
  app.add_option("--muon-lr", flags.muon_lr, "--opt muon: peak rate of what Muon moves; --lr is that of the rest")
      ->check(kPositive)
      ->group(group)
      ->capture_default_str();
  app.add_option("--muon-momentum", flags.muon_momentum)
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_option("--muon-rest", flags.muon_rest, "sgd or adamw")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->group(group)
      ->capture_default_str();
  app.add_flag("--muon-all", flags.muon_all, "Muon moves the first layer and the classifier too")->group(group);
  app.add_option("--lr", flags.lr, "peak learning rate")->check(kPositive)->group(group)->capture_default_str();
  app.add_option("--momentum", flags.momentum, "of SGD")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_flag("--nesterov", flags.nesterov, "Nesterov momentum")->group(group);
  app.add_option("--weight-decay", flags.weight_decay, "of weights, not of biases and norms")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_flag("--decay-all", flags.decay_all, "biases and norms decay too")->group(group);
  app.add_option("--clip-grad", flags.clip_grad, "largest norm of all gradients together; 0: no limit")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_option("--grad-accum-steps", flags.grad_accum_steps, "batches whose mean gradient makes one update")
      ->check(kPositive)
      ->group(group)
      ->capture_default_str();
}

void add_schedule_flags(CLI::App& app, TrainingFlags& flags) {
  const std::string group = "Schedule";
  app.add_option("--sched", flags.sched, "constant, step, multistep, cosine or onecycle")
      ->check(CLI::IsMember({"constant", "step", "multistep", "cosine", "onecycle"}))
      ->group(group)
      ->capture_default_str();
  app.add_option("--decay-epochs", flags.decay_epochs, "--sched step: epochs between decays")
      ->check(kPositive)
      ->group(group)
      ->capture_default_str();
  app.add_option("--decay-milestones", flags.decay_milestones,
                 "--sched multistep: the epochs of the decays, 150 180 210")
      ->check(kPositive)
      ->group(group);
  app.add_option("--decay-rate", flags.decay_rate, "--sched step, multistep: factor of each decay")
      ->check(kPositive)
      ->group(group)
      ->capture_default_str();
  app.add_option("--warmup-epochs", flags.warmup_epochs, "linear warm-up from 0")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_option("--model-ema-decay", flags.ema_decay, "keep and evaluate a moving average of the weights, e.g. 0.999")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_flag("--model-ema-warmup", flags.ema_warmup, "the average begins as a copy and becomes slower")->group(group);
}

void add_regularization_flags(CLI::App& app, TrainingFlags& flags) {
  const std::string group = "Regularisation";
  app.add_option("--smoothing", flags.smoothing, "label smoothing")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group)
      ->capture_default_str();
  app.add_option("--drop", flags.drop, "dropout probability of the model's dropout layers")
      ->check(CLI::Range(0.0, 0.99))
      ->group(group)
      ->capture_default_str();
  app.add_option("--drop-path", flags.drop_path,
                 "stochastic depth: of the last residual branch, linearly less before it")
      ->check(CLI::Range(0.0, 0.99))
      ->group(group)
      ->capture_default_str();
}

void add_run_flags(CLI::App& app, TrainingFlags& flags) {
  const std::string group = "Run";
  app.add_option("--seed", flags.seed, "of weights, order, augmentation and dropout")
      ->group(group)
      ->capture_default_str();
  app.add_option(
         "--val-size", flags.val_size,
         "images cut off the training set for validation, where the data bring none; 0: none; -1: a tenth, at most "
         "5000")
      ->check(CLI::Range(int64_t{-1}, std::numeric_limits<int64_t>::max()))
      ->group(group)
      ->capture_default_str();
  app.add_option("--patience", flags.patience, "stop after so many epochs without improvement; 0: never")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_option("--max-steps", flags.max_steps, "stop after so many steps; 0: no limit")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_flag("--fast-dev-run", flags.fast_dev_run, "one epoch of at most 20 steps, to see that everything works")
      ->group(group);
  app.add_option("--overfit-batches", flags.overfit_batches,
                 "train and validate on the images of so many batches alone, without augmentation: the loss of a sound "
                 "set-up goes to 0; 0: all")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  app.add_flag("--profile", flags.profile,
               "instead of training, print the time, operations and bytes of every op of a step")
      ->group(group);
  app.add_flag("--find-lr", flags.find_lr, "instead of training, sweep the learning rate and suggest one")
      ->group(group);
  app.add_option("--amp-dtype", flags.amp_dtype,
                 "activations and weight copies: float32, bfloat16, or auto: bfloat16 where the hardware multiplies it")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16"}))
      ->group(group)
      ->capture_default_str();
  add_math_flag(app, flags.math);
  add_tta_flag(app, flags.tta);
  app.add_option("--resume", flags.resume,
                 "go on with a run: its folder, or auto: the newest unfinished run of these options, if there is one")
      ->group(group);
  app.add_flag("--no-graph", flags.no_graph, "run every step anew instead of replaying a captured one")->group(group);
  app.add_option("--data-residency", flags.data_residency,
                 "device: images in its memory; stream: brought from the host batch by batch; auto: by their size")
      ->check(CLI::IsMember({"auto", "device", "stream"}))
      ->group(group)
      ->capture_default_str();
  app.add_option("--output", flags.output, "where run folders are made")->group(group)->capture_default_str();
  app.add_flag("-q,--quiet", flags.quiet, "no progress")->group(group);
  app.add_flag("--json", flags.json, "print the result as JSON")->group(group);
  app.add_flag("--no-color", flags.no_color, "plain text (also: NO_COLOR)")->group(group);
}
}  // namespace

void add_math_flag(CLI::App& app, std::string& math) {
  app.add_option("--math", math, "vendor (cuBLAS, cuDNN) or own (our kernels) for linear layers and convolutions")
      ->check(CLI::IsMember({"vendor", "own"}))
      ->capture_default_str();
}

void add_tta_flag(CLI::App& app, std::string& tta) {
  app.add_option("--tta", tta, "test-time augmentation, none or flip: average over the image and its mirror image")
      ->check(CLI::IsMember({"none", "flip"}))
      ->capture_default_str();
}

void add_training_flags(CLI::App& app, TrainingFlags& flags) {
  add_data_flags(app, flags);
  app.add_option("--model", flags.model, "see `cucurbit models`")->capture_default_str();
  app.add_option("--pretrained-path", flags.pretrained_path,
                 "begin from a PyTorch state dict (.safetensors) with the model's names")
      ->capture_default_str();
  app.add_option("-b,--batch-size", flags.batch_size, "an epoch leaves out what fills no batch, other images each time")
      ->check(kPositive)
      ->capture_default_str();
  app.add_option("--epochs", flags.epochs)->check(kPositive)->capture_default_str();
  add_optimizer_flags(app, flags);
  add_schedule_flags(app, flags);
  add_regularization_flags(app, flags);
  add_augmentation_flags(app, flags.augment);
  add_run_flags(app, flags);
}

std::string arguments_of(const CLI::App& command) {
  std::istringstream lines(command.config_to_str(true, false));
  std::string text = fmt::format("[{}]\n", command.get_name());
  for (std::string line; std::getline(lines, line);)
    if (line == "amp-dtype=\"auto\"")  // what it was here, so that another machine repeats it
      text += fmt::format("amp-dtype=\"{}\"\n", native_bf16() ? "bfloat16" : "float32");
    else if (!line.ends_with("=\"\"") && !line.ends_with("=[]"))  // not given: a config file cannot say so
      text += fmt::format("{}\n", line);
  return text;
}

void apply_math(const std::string& math) { set_math_mode(math == "own" ? Math::own : Math::vendor); }

Residency TrainingFlags::residency() const {
  return data_residency == "device"   ? Residency::device
         : data_residency == "stream" ? Residency::host
                                      : Residency::automatic;
}

DType TrainingFlags::compute() const {
  const bool bf16 = amp_dtype == "auto" ? native_bf16() : amp_dtype == "bfloat16";
  return bf16 ? DType::bf16 : DType::f32;
}

Augmentation TrainingFlags::augmentation() const {
  return overfit_batches > 0 ? Augmentation{} : augment.augmentation();
}

EvaluationOptions TrainingFlags::evaluation() const {
  // No larger than what was trained, so that it fits where training does.
  constexpr int64_t kLargest = 1000;
  return {.batch_size = std::min(kLargest, batch_size), .flip = tta == "flip"};
}

FitOptions TrainingFlags::fit_options() const {
  constexpr int64_t kFastDevSteps = 20;
  return {.epochs = total_epochs(),
          .max_steps = fast_dev_run ? kFastDevSteps : max_steps,
          .patience = patience,
          .validation = evaluation()};
}

Schedule TrainingFlags::schedule(int64_t steps_per_epoch) const {
  static const std::map<std::string, Schedule::Kind> kKinds = {{"constant", Schedule::Kind::constant},
                                                               {"step", Schedule::Kind::step},
                                                               {"multistep", Schedule::Kind::multistep},
                                                               {"cosine", Schedule::Kind::cosine},
                                                               {"onecycle", Schedule::Kind::one_cycle}};
  Schedule made{.kind = kKinds.at(sched),
                .peak = lr,
                .gamma = decay_rate,
                .period = int64_t(decay_epochs * double(steps_per_epoch)),
                .milestones = {},
                .warmup_steps = int64_t(warmup_epochs * double(steps_per_epoch)),
                .warmup_start = 0};
  for (const int64_t epoch : decay_milestones)
    made.milestones.push_back(epoch * steps_per_epoch - made.warmup_steps);  // which count from the end of the warm-up
  return made;
}

TrainOptions TrainingFlags::train_options(int64_t images) const {
  static const std::map<std::string, OptimizerOptions::Kind> kOptimizers = {{"sgd", OptimizerOptions::Kind::sgd},
                                                                            {"adam", OptimizerOptions::Kind::adam},
                                                                            {"adamw", OptimizerOptions::Kind::adamw}};
  const int64_t steps_per_epoch = images / (batch_size * grad_accum_steps);
  TrainOptions options;
  options.batch_size = batch_size;
  options.grad_accum_steps = grad_accum_steps;
  options.seed = seed;
  options.graph = !no_graph;
  options.augmentation = augmentation();
  options.optimizer = {.kind = kOptimizers.at(opt == "muon" ? muon_rest : opt),
                       .momentum = momentum,
                       .nesterov = nesterov,
                       .weight_decay = weight_decay,
                       .decay_all = decay_all,
                       .clip_norm = clip_grad,
                       .ema_decay = ema_decay,
                       .ema_warmup = ema_warmup};
  if (opt == "muon")
    options.optimizer.muon = {.rate_scale = muon_lr / lr, .momentum = muon_momentum, .everything = muon_all};
  options.learning_rates = learning_rates(schedule(steps_per_epoch), steps_per_epoch * total_epochs());
  return options;
}

}  // namespace cucurbit::cli
