// The example of README.md: run it from the root of the repository, build/cpu/bin/example.
#include <cstdio>

#include "distill/run/run.h"

using namespace cucurbit;

/// Tells how far a training is.
RunObserver watched() {
  RunObserver observer;
  observer.training = [](const std::string& label) { std::printf("training %s\n", label.c_str()); };
  observer.epoch = [](const EpochReport& epoch, int64_t epochs) {
    std::printf("epoch %d/%d: loss %.4f, validation %.2f %%\n", int(epoch.epoch), int(epochs), epoch.train.loss,
                100 * epoch.validation.top1);
  };
  return observer;
}

void print(const char* role, const Trained& trained) {
  std::printf("%-18s %-12s %7d parameters, %4d errors of %d test images\n", role, trained.model.c_str(),
              int(trained.parameters), int(trained.test.errors), int(trained.test.samples));
}

int main() {
  RunSpec teacher{.model = "convnet", .epochs = 2};
  teacher.data.data = "mnist";
  teacher.optimizer.lr = 0.1;
  teacher.augment.max_shift = 2;
  const TrainingResult trained = run_training(teacher, watched());
  print("teacher", trained.network);

  RunSpec student{.model = "mlp:64", .epochs = 2};
  student.optimizer = {.opt = OptimizerChoice::adam, .lr = 1e-3};
  const DistillSpec distillation{.teacher = trained.network.weights.string(), .kd_temperature = 4, .baseline = true};
  const DistillationResult result = run_distillation(student, distillation, watched());
  print("student alone", *result.student_alone);
  print("student distilled", result.student_distilled);
  std::printf("everything else is in %s and %s\n", trained.folder.c_str(), result.folder.c_str());
}
