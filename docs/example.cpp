// The example of README.md: run it from the root of the repository, build/cpu/bin/example.
#include <cstdio>

#include "engine/data/idx.h"
#include "engine/ops/cross_entropy.h"
#include "engine/optim/schedule.h"
#include "engine/train/evaluate.h"
#include "engine/train/supervised.h"
#include "models/registry.h"

using namespace cucurbit;

int main() {
  const ImageSplits mnist = load_idx_folder("data/mnist");
  const ChannelStatistics statistics = channel_statistics(mnist.train);
  const DeviceSet train(mnist.train, statistics), test(*mnist.test, statistics);

  const ModelOptions model{.image = train.image_shape(), .classes = 10};
  Network network("convnet", build_model("convnet", model), model.image, model.classes, DType::f32, /*seed=*/0);

  TrainOptions options;
  Schedule schedule;
  schedule.kind = Schedule::Kind::cosine;
  schedule.peak = 0.05;
  const int64_t steps = train.count() / options.batch_size;
  options.learning_rates = learning_rates(schedule, steps);
  Trainer trainer =
      supervised_trainer(network, train, options, [](const Tensor& logits, const Batch& batch, Meters& meters) {
        return cross_entropy(logits, batch.labels, {}, meters.counts());
      });
  for (int64_t step = 0; step < steps; ++step) trainer.step();
  std::printf("training loss %.4f\n", trainer.take_metrics().loss);

  const Evaluation result = evaluate(network, test);
  std::printf("%d errors of %d test images\n", int(result.errors), int(result.samples));
}
