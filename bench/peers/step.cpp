#include "bench/peers/step.h"

#include <chrono>

#include "bench/support/distill_loss.h"
#include "bench/support/training_step.h"
#include "engine/runtime/stream.h"

namespace cucurbit::bench {

namespace {
/// Either kind of step: a first run by itself, whose loss is kept, then replays.
template <class Running>
class GraphStep : public Step {
 public:
  template <class... Args>
  explicit GraphStep(Args&&... args) : running_(std::forward<Args>(args)...) {}

  void run() override {
    if (first_) {
      running_.run_eagerly();
      value_ = running_.loss();
      first_ = false;
    } else {
      running_.run();
    }
    synchronize();
  }

  std::vector<OpTime> profile(int steps) override {
    running_.run_eagerly();  // to warm up
    Profiler profiler;
    for (int i = 0; i < steps; ++i) running_.run_eagerly();
    return profiler.take();
  }

 private:
  Running running_;
  bool first_ = true;
};
}  // namespace

double Step::timed() {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

std::unique_ptr<Step> make_step(const std::string& name) {
  for (const auto& [rows, classes] : {std::pair(128, 10), {128, 1000}, {4096, 100}})
    if (name == "loss-" + std::to_string(rows) + "x" + std::to_string(classes))
      return std::make_unique<GraphStep<DistillLoss>>(rows, classes, DType::f32);
  for (const char* network : {"mlp", "convnet", "resnet20", "resnet56", "vgg8", "mobilenetv2", "resnet20-resnet8"}) {
    if (name == std::string(network) + "-fp32") return std::make_unique<GraphStep<TrainingStep>>(network, DType::f32);
    if (name == std::string(network) + "-bf16") return std::make_unique<GraphStep<TrainingStep>>(network, DType::bf16);
  }
  return nullptr;
}

}  // namespace cucurbit::bench
