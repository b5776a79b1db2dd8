#pragma once

// Runs as values. A field has the name of the program's option that sets it, so that an error which names a field
// in backquotes names the option too.

#include <cstdint>
#include <string>
#include <vector>

#include "distill/run/augmentation_spec.h"
#include "distill/run/data_spec.h"
#include "distill/run/optimizer_spec.h"
#include "engine/math_mode.h"
#include "engine/train/fit.h"

namespace cucurbit {

/// The element type of activations and of the weight copies that ops read. automatic: bfloat16 where the hardware
/// multiplies it, else float32.
enum class Precision { automatic, float32, bfloat16 };
constexpr auto names_of(Precision) {
  return enum_names<Precision>(
      {{Precision::automatic, "auto"}, {Precision::float32, "float32"}, {Precision::bfloat16, "bfloat16"}});
}
/// `precision`, or what `automatic` stands for on this machine.
Precision resolved(Precision precision);

/// What is averaged when a network is measured: flip: the logits of an image and of its mirror image.
enum class TestTimeAugmentation { none, flip };
constexpr auto names_of(TestTimeAugmentation) {
  return enum_names<TestTimeAugmentation>({{TestTimeAugmentation::none, "none"}, {TestTimeAugmentation::flip, "flip"}});
}

/// Where a run leaves its files.
struct OutputSpec {
  std::string output = "runs";  // a folder, in which run folders are made
  /// An earlier run to continue: its folder or a file in its checkpoints/; "auto": the newest unfinished run of equal
  /// `arguments`, if there is one; empty: none.
  std::string resume;
  std::string arguments = {};  // text that repeats the run, kept as args.toml; "auto" needs it
};

/// The training of a classifier.
struct RunSpec {
  DataSpec data;
  std::string model = "mlp:800x800";  // a name of models/registry.h
  std::string pretrained_path;        // a PyTorch state dict to start from; empty: initial values
  int64_t batch_size = 128, grad_accum_steps = 1, epochs = 10;
  OptimizerSpec optimizer;
  ScheduleSpec schedule;
  double smoothing = 0, drop = 0, drop_path = 0;
  AugmentationSpec augment;
  uint64_t seed = 0;
  int64_t val_size = -1;        // images cut off for validation where the data bring none; -1: a tenth, at most 5000
  int64_t patience = 0;         // 0: never stop early
  int64_t max_steps = 0;        // 0: no limit
  int64_t overfit_batches = 0;  // train and validate on the images of so many batches alone; 0: on all
  bool fast_dev_run = false;    // one epoch of at most 20 steps
  bool no_graph = false;        // run every step anew instead of replaying a captured one
  Precision amp_dtype = Precision::automatic;
  Math math = Math::vendor;  // holds for the whole process from the run on
  TestTimeAugmentation tta = TestTimeAugmentation::none;
  Residency data_residency = Residency::automatic;
  OutputSpec output;

  int64_t total_epochs() const { return fast_dev_run ? 1 : epochs; }
  DType compute_type() const;
  /// None while a few batches are learnt by heart.
  Augmentation augmentation() const;
  EvaluationOptions evaluation_options() const;
  FitOptions fit_options() const;
  /// For a training set of so many images.
  TrainOptions train_options(int64_t images) const;
};

/// What distillation adds to the training of a student.
struct DistillSpec {
  std::string teacher;        // weights of the teacher (.safetensors)
  std::string method = "kd";  // a name of distill/methods/registry.h and its knobs: "kd:temperature=2"
  double kd_temperature = 4, distill_loss_weight = 0.9, task_loss_weight = 0.1;
  bool baseline = false;  // train the same student without the teacher as well
};

}  // namespace cucurbit
