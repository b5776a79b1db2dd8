#include "bench/peers/step.h"

#include <chrono>

#include "bench/support/distill_loss.h"
#include "bench/support/training_step.h"
#include "engine/runtime/stream.h"

namespace cucurbit::bench {

namespace {
class LossStep : public PeerStep {
 public:
  LossStep(int64_t rows, int classes) : loss_(rows, classes, DType::f32) {}

  void run() override {
    if (value_ == 0) {
      loss_.run_eagerly();
      value_ = loss_.loss();
    } else {
      loss_.run();
    }
    synchronize();
  }
  void run_eagerly() { loss_.run_eagerly(); }

 private:
  DistillLoss loss_;
};

class NetworkStep : public PeerStep {
 public:
  NetworkStep(const std::string& network, DType compute, const TrainingStep::Options& options)
      : step_(network, compute, options) {}

  void run() override {
    step_.run();
    if (value_ == 0) value_ = step_.take_loss();
    synchronize();
  }
  void run_eagerly() { step_.run(); }

 private:
  TrainingStep step_;
};

/// Calls f(step) with the step of this name; false if there is none. Without `graph` every step runs eagerly.
template <class F>
bool with_step(const std::string& name, bool graph, F&& f) {
  for (const auto& [rows, classes] : {std::pair(128, 10), {128, 1000}, {4096, 100}})
    if (name == "loss-" + std::to_string(rows) + "x" + std::to_string(classes))
      return f(std::make_unique<LossStep>(rows, classes)), true;
  for (const std::string network :
       {"mlp", "convnet", "resnet20", "resnet56", "vgg8", "mobilenetv2", "resnet20-resnet8"})
    for (const auto& [suffix, compute] : {std::pair("-fp32", DType::f32), {"-bf16", DType::bf16}})
      for (const bool augmented : {false, true})
        if (name == network + (augmented ? "-augmented" : "") + suffix)
          return f(std::make_unique<NetworkStep>(network, compute, TrainingStep::Options{augmented, graph})), true;
  return false;
}
}  // namespace

double PeerStep::timed() {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

std::unique_ptr<PeerStep> make_step(const std::string& name) {
  std::unique_ptr<PeerStep> made;
  with_step(name, true, [&](std::unique_ptr<PeerStep> step) { made = std::move(step); });
  return made;
}

std::vector<OpTime> profile_step(const std::string& name, int steps) {
  std::vector<OpTime> ops;
  with_step(name, false, [&](const auto& step) {
    step->run_eagerly();  // to warm up
    Profiler profiler;
    for (int i = 0; i < steps; ++i) step->run_eagerly();
    ops = profiler.take();
  });
  return ops;
}

}  // namespace cucurbit::bench
