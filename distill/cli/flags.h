#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "distill/cli/augmentation_flags.h"
#include "distill/cli/data.h"
#include "engine/optim/schedule.h"
#include "engine/train/fit.h"

namespace cucurbit::cli {

/// The options that `train` and `distill` share, by the names of timm.
struct TrainingFlags : DataFlags {
  std::string model;
  int64_t batch_size = 128, grad_accum_steps = 1, epochs = 10, max_steps = 0, patience = 0, overfit_batches = 0;
  int64_t val_size = -1;        // below 0: a tenth, at most 5000
  std::string pretrained_path;  // a PyTorch state dict to begin from
  std::string opt = "sgd", sched = "cosine", amp_dtype = "auto", math = "vendor", output = "runs", resume,
              muon_rest = "adamw", data_residency = "auto", tta = "none";
  std::vector<int64_t> decay_milestones;
  double lr = 0.05, momentum = 0.9, weight_decay = 0, warmup_epochs = 0, decay_epochs = 30, decay_rate = 0.1,
         muon_lr = 0.02, muon_momentum = 0.95, smoothing = 0, drop = 0, drop_path = 0, ema_decay = 0, clip_grad = 0;
  uint64_t seed = 0;
  AugmentationFlags augment;
  bool nesterov = false, muon_all = false, decay_all = false, ema_warmup = false, no_graph = false,
       fast_dev_run = false, find_lr = false, profile = false;
  bool quiet = false, json = false, no_color = false;

  int64_t total_epochs() const { return fast_dev_run ? 1 : epochs; }
  DType compute() const;
  Residency residency() const;
  Augmentation augmentation() const;
  EvaluationOptions evaluation() const;
  FitOptions fit_options() const;
  Schedule schedule(int64_t steps_per_epoch) const;
  /// For a training set of so many images.
  TrainOptions train_options(int64_t images) const;
};

void add_math_flag(CLI::App& app, std::string& math);
void add_tta_flag(CLI::App& app, std::string& tta);
void add_training_flags(CLI::App& app, TrainingFlags& flags);

/// The options in force as TOML, which --config takes to repeat the run.
std::string arguments_of(const CLI::App& command);

/// `--math` takes effect for the whole process.
void apply_math(const std::string& math);

}  // namespace cucurbit::cli
