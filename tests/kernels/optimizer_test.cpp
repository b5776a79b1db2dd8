// The optimiser step: PyTorch's trajectories, closed forms in double, everything optional, nothing outside the chunks.
#include "kernels/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/step.h"

namespace cucurbit {
namespace {

using nlohmann::json;
using Values = std::vector<double>;

template <class T>
Tensor upload(const std::vector<T>& values) {
  return Tensor::from_host(values, {int64_t(values.size())});
}
template <class S>
Tensor upload_bytes(const std::vector<S>& structs) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(structs.data());
  return upload(std::vector<uint8_t>(bytes, bytes + structs.size() * sizeof(S)));
}
template <class A>
Tensor upload_as(const Values& values) {
  return upload(std::vector<A>(values.begin(), values.end()));
}
template <class A>
Values download(const Tensor& tensor) {
  const std::vector<A> values = tensor.to_host<A>();
  return Values(values.begin(), values.end());
}

/// A parameter store on the device, with everything an optimiser may touch.
template <class A>
struct TestStore {
  Tensor masters, gradients, low_precision_copy, average, first, second, chunks, segments, state, rates, scale,
      average_rate;
  Tensor not_finite = Tensor::zeros({1}, DType::i64);

  TestStore(const Values& start, const std::vector<ParameterChunk>& chunk_list,
            const std::vector<ParameterSegment>& segment_list, const std::vector<float>& learning_rates)
      : masters(upload_as<A>(start)),
        gradients(upload_as<A>(Values(start.size()))),
        low_precision_copy(Tensor::zeros({int64_t(start.size())}, DType::bf16)),
        average(upload_as<A>(start)),
        first(upload_as<A>(Values(start.size()))),
        second(upload_as<A>(Values(start.size()))),
        chunks(upload_bytes(chunk_list)),
        segments(upload_bytes(segment_list)),
        state(upload_bytes(std::vector<StepState>{{.seed = 1}})),
        rates(upload(learning_rates)),
        scale(upload(std::vector<float>{1})),
        average_rate(upload(Values{0.1})) {}

  StepState* step_state() const { return reinterpret_cast<StepState*>(state.raw()); }
  kernels::OptimizerParameters<A> store(bool extras = true) const {
    return {.masters = masters.data<A>(),
            .gradients = gradients.data<A>(),
            .low_precision_copy = extras ? low_precision_copy.data<bf16>() : nullptr,
            .average = extras ? average.data<A>() : nullptr,
            .chunks = reinterpret_cast<const ParameterChunk*>(chunks.raw()),
            .chunk_count = chunks.size() / int64_t(sizeof(ParameterChunk)),
            .segments = reinterpret_cast<const ParameterSegment*>(segments.raw())};
  }
  kernels::OptimizerSchedule schedule(bool scaled = true) const {
    return {.state = step_state(),
            .learning_rate = {.table = rates.data<float>(), .count = rates.size(), .state = step_state()},
            .average_rate = {.table = average_rate.data<double>(), .count = average_rate.size(), .state = step_state()},
            .gradient_scale = scaled ? scale.data<float>() : nullptr,
            .not_finite = not_finite.data<int64_t>()};
  }
  void set_gradients(const Values& values) {
    const std::vector<A> converted(values.begin(), values.end());
    gradients.copy_from_host(converted.data(), converted.size() * sizeof(A));
  }
};

void expect_near(const Values& got, const Values& want, double tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(std::abs(got[i] - want[i]) <= tolerance * std::max(1.0, std::abs(want[i])))
        << what << "[" << i << "]: got " << got[i] << ", expected " << want[i];
}

template <class A>
void take_step(TestStore<A>& store, const json& options) {
  const std::string kind = options["optimiser"];
  if (kind == "sgd") {
    const double momentum = options["momentum"];
    kernels::sgd_step(store.store(), store.schedule(), momentum > 0 ? store.first.template data<A>() : nullptr,
                      momentum, options["nesterov"].get<bool>(), stream());
  } else {
    const auto betas = options["betas"].get<std::vector<double>>();
    kernels::adam_step(store.store(), store.schedule(), store.first.template data<A>(), store.second.template data<A>(),
                       {.beta1 = betas[0], .beta2 = betas[1], .epsilon = options["eps"], .decoupled = kind == "adamw"},
                       stream());
  }
}

template <class A>
void follow_trajectories(double tolerance) {
  std::ifstream file(CUCURBIT_SOURCE_DIR "/tests/values/optimisers.json");
  const json values = json::parse(file);
  const Values start = values["start"];
  for (const json& options : values["cases"]) {
    std::vector<ParameterChunk> chunks;
    append_chunks(chunks, 0, int64_t(start.size()), 0);
    const ParameterSegment segment{1, options["weight_decay"].get<float>()};
    TestStore<A> store(start, chunks, {segment}, {options["lr"].get<float>()});
    store.average_rate = upload(Values{1 - values["ema_decay"].get<double>()});
    for (size_t step = 0; step < values["gradients"].size(); ++step) {
      store.set_gradients(values["gradients"][step]);
      take_step(store, options);
      kernels::advance(store.step_state(), 100, stream());
      const std::string what = options.dump().substr(0, 120) + " step " + std::to_string(step);
      expect_near(download<A>(store.masters), options["after"][step], tolerance, what);
      expect_near(download<A>(store.average), options["ema"][step], tolerance, "average of " + what);
    }
  }
}

// Rates and weight decays are floats: 6e-8 of the update.
TEST(Optimizer, FollowsPyTorchInDouble) { follow_trajectories<double>(2e-8); }
TEST(Optimizer, FollowsPyTorchInFloat) { follow_trajectories<float>(2e-6); }

/// Three parameters with gaps between them, one longer than a chunk; what lies between must not change.
struct Layout {
  std::vector<ParameterChunk> chunks;
  std::vector<ParameterSegment> segments{{1, 0}, {0.5f, 0.125f}, {2, 0.25f}};
  Values start, gradients;
  std::vector<int> segment_of;

  Layout() : start(9300), gradients(9300), segment_of(9300, -1) {
    place(0, 33, 0);
    place(64, 9001, 1);
    place(9100, 1, 2);
    for (size_t i = 0; i < start.size(); ++i) {
      start[i] = std::sin(double(i));
      gradients[i] = std::cos(3.0 * double(i));
    }
  }
  void place(int64_t begin, int64_t count, int segment) {
    append_chunks(chunks, begin, count, segment);
    std::fill_n(segment_of.begin() + begin, count, segment);
  }
};

TEST(Optimizer, ChunksCoverParametersExactly) {
  const Layout layout;
  std::vector<int> covered(layout.start.size(), -1);
  for (const ParameterChunk& chunk : layout.chunks) {
    EXPECT_TRUE(chunk.count >= 1 && chunk.count <= kParameterChunk);
    for (int64_t i = chunk.begin; i < chunk.begin + chunk.count; ++i) covered[size_t(i)] = chunk.segment;
  }
  EXPECT_EQ(covered, layout.segment_of);
}

TEST(Optimizer, SegmentsScaleAndClippingMatchTheFormula) {
  const Layout layout;
  TestStore<double> store(layout.start, layout.chunks, layout.segments, {0.5f, 0.25f});
  store.set_gradients(layout.gradients);
  store.scale = upload(std::vector<float>{0.75f});
  Values want = layout.start, velocity(want.size());
  for (int step = 0; step < 3; ++step) {
    kernels::sgd_step(store.store(), store.schedule(), store.first.data<double>(), 0.5, true, stream());
    kernels::advance(store.step_state(), 2, stream());
    for (size_t i = 0; i < want.size(); ++i) {
      if (layout.segment_of[i] < 0) continue;
      const ParameterSegment segment = layout.segments[size_t(layout.segment_of[i])];
      const double rate = (step == 0 ? 0.5 : 0.25) * segment.lr_scale;  // the table's last rate stays
      const double g = 0.75 * layout.gradients[i] + segment.weight_decay * want[i];
      velocity[i] = 0.5 * velocity[i] + g;
      want[i] -= rate * (g + 0.5 * velocity[i]);
    }
  }
  expect_near(download<double>(store.masters), want, 1e-14, "masters");
  const std::vector<bf16> low_precision_copy = store.low_precision_copy.to_host<bf16>();
  const Values average = download<double>(store.average);
  for (size_t i = 0; i < want.size(); ++i) {
    const bool inside = layout.segment_of[i] >= 0;
    EXPECT_EQ(__bfloat162float(low_precision_copy[i]),
              inside ? __bfloat162float(__float2bfloat16(float(want[i]))) : 0.f)
        << i;
    if (!inside) {
      EXPECT_EQ(average[i], layout.start[i]) << i;
      EXPECT_EQ(want[i], layout.start[i]) << i;
    }
  }
}

TEST(Optimizer, SeveralBatchesMakeOneUpdate) {
  const Layout layout;
  TestStore<double> store(layout.start, layout.chunks, {{1, 0}, {1, 0}, {1, 0}}, {1.f, 2.f, 4.f});
  store.set_gradients(layout.gradients);
  store.state = upload_bytes(std::vector<StepState>{{.seed = 1, .grad_accum_steps = 3}});
  store.average_rate = upload(Values{1, 0.5});
  Values want = layout.start, average = layout.start;
  for (int update = 0; update < 4; ++update) {
    for (int batch = 1; batch < 3; ++batch) kernels::advance(store.step_state(), 100, stream());
    kernels::sgd_step(store.store(), store.schedule(), static_cast<double*>(nullptr), 0, false, stream());
    kernels::advance(store.step_state(), 100, stream());
    for (size_t i = 0; i < want.size(); ++i) {
      if (layout.segment_of[i] < 0) continue;
      want[i] -= std::min(4.0, std::exp2(update)) * layout.gradients[i];
      average[i] += (update == 0 ? 1 : 0.5) * (want[i] - average[i]);
    }
  }
  expect_near(download<double>(store.masters), want, 1e-14, "masters");
  expect_near(download<double>(store.average), average, 1e-14, "average");
}

TEST(Optimizer, TheFirstUpdateWithABadGradientIsNoted) {
  const Layout layout;
  for (const double bad : {double(INFINITY), -double(INFINITY), double(NAN)})
    for (const bool adam : {false, true}) {
      TestStore<float> store(layout.start, layout.chunks, layout.segments, {0.1f});
      for (int update = 0; update < 5; ++update) {
        Values gradients = layout.gradients;
        if (update == 2) gradients[8000] = bad;
        if (update == 3) gradients[70] = bad;
        gradients[9099] = NAN;  // in no chunk
        store.set_gradients(gradients);
        if (adam)
          kernels::adam_step(store.store(), store.schedule(), store.first.data<float>(), store.second.data<float>(), {},
                             stream());
        else
          kernels::sgd_step(store.store(), store.schedule(), store.first.data<float>(), 0.9, false, stream());
        kernels::advance(store.step_state(), 100, stream());
        EXPECT_EQ(store.not_finite.to_host<int64_t>()[0], update < 2 ? 0 : 3) << bad << " update " << update;
      }
    }
}

TEST(Optimizer, FirstAdamStepIsTheSignOfTheGradient) {
  const Layout layout;
  TestStore<float> store(layout.start, layout.chunks, {{1, 0}, {1, 0}, {1, 0}}, {0.125f});
  store.set_gradients(layout.gradients);
  kernels::adam_step(store.store(false), store.schedule(false), store.first.data<float>(), store.second.data<float>(),
                     {.epsilon = 1e-12}, stream());
  const Values got = download<float>(store.masters);
  for (size_t i = 0; i < got.size(); ++i) {
    const double move = layout.segment_of[i] < 0 ? 0 : layout.gradients[i] > 0 ? -0.125 : 0.125;
    EXPECT_NEAR(got[i], float(layout.start[i]) + move, 1e-6) << i;
  }
}

TEST(Optimizer, AdamCorrectsItsBiasLateInTraining) {
  // A constant gradient g makes m = (1 - beta1^t) g and v = (1 - beta2^t) g^2: every step is lr.
  TestStore<double> store({1.0}, {{0, 1, 0}}, {{1, 0}}, {0.001f});
  store.set_gradients({3.0});
  for (int step = 0; step < 1000; ++step) {
    kernels::adam_step(store.store(false), store.schedule(), store.first.data<double>(), store.second.data<double>(),
                       {.epsilon = 0}, stream());
    kernels::advance(store.step_state(), 7, stream());
  }
  EXPECT_NEAR(download<double>(store.masters)[0], 1 - 1000 * double(0.001f), 1e-10);
}

TEST(Optimizer, TwoRunsAreBitEqual) {
  const Layout layout;
  std::vector<std::vector<float>> runs;
  for (int run = 0; run < 2; ++run) {
    TestStore<float> store(layout.start, layout.chunks, layout.segments, {0.1f});
    store.set_gradients(layout.gradients);
    for (int step = 0; step < 3; ++step)
      kernels::adam_step(store.store(), store.schedule(), store.first.data<float>(), store.second.data<float>(), {},
                         stream());
    runs.push_back(store.masters.to_host<float>());
  }
  EXPECT_EQ(runs[0], runs[1]);
}

TEST(Optimizer, NoChunksIsLegal) {
  TestStore<float> store({}, {}, {}, {0.1f});
  kernels::sgd_step(store.store(), store.schedule(), store.first.data<float>(), 0.9, false, stream());
  synchronize();
}

TEST(StepState, AdvanceWrapsBatchesIntoEpochs) {
  Tensor state = upload_bytes(std::vector<StepState>{{.seed = 5}});
  auto* device = reinterpret_cast<StepState*>(state.raw());
  for (int step = 1; step <= 7; ++step) {
    kernels::advance(device, 3, stream());
    StepState host;
    state.copy_to_host(&host, sizeof host);
    EXPECT_EQ(host.seed, 5u);
    EXPECT_EQ(host.step(), step);
    EXPECT_EQ(host.micro_batch, step);
    EXPECT_EQ(host.epoch, step / 3);
    EXPECT_EQ(host.epoch_micro_batch, step % 3);
  }
}

}  // namespace
}  // namespace cucurbit
