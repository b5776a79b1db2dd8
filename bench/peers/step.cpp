#include "bench/peers/step.h"

#include <chrono>
#include <cstdio>

#include "bench/support/distill_loss.h"
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
  Work work() const override;

 private:
  Running running_;
  bool first_ = true;
};

template <>
Work GraphStep<TrainingStep>::work() const {
  return running_.work();
}

template <>
Work GraphStep<DistillLoss>::work() const {
  return {.flop = 0, .bytes = running_.bytes()};
}
}  // namespace

double Step::timed() {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

std::unique_ptr<Step> make_step(const std::string& name) {
  for (const char* network : {"mlp", "convnet"}) {
    if (name == std::string(network) + "-fp32") return std::make_unique<GraphStep<TrainingStep>>(network, DType::f32);
    if (name == std::string(network) + "-bf16") return std::make_unique<GraphStep<TrainingStep>>(network, DType::bf16);
  }
  for (const auto& [rows, classes] : {std::pair(128, 10), {128, 1000}, {4096, 100}})
    if (name == "loss-" + std::to_string(rows) + "x" + std::to_string(classes))
      return std::make_unique<GraphStep<DistillLoss>>(rows, classes, DType::f32);
  return nullptr;
}

}  // namespace cucurbit::bench
