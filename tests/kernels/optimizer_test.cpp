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

/// An arena on the device, with everything an optimiser may touch.
template <class A>
struct TestArena {
  Tensor masters, gradients, shadow, average, first, second, chunks, segments, state, rates, scale, average_rate;
  Tensor not_finite = Tensor::zeros({1}, DType::i64);
  int64_t batches_per_update = 1;

  TestArena(const Values& start, const std::vector<ArenaChunk>& chunk_list,
            const std::vector<ArenaSegment>& segment_list, const std::vector<float>& learning_rates)
      : masters(upload_as<A>(start)),
        gradients(upload_as<A>(Values(start.size()))),
        shadow(Tensor::zeros({int64_t(start.size())}, DType::bf16)),
        average(upload_as<A>(start)),
        first(upload_as<A>(Values(start.size()))),
        second(upload_as<A>(Values(start.size()))),
        chunks(upload_bytes(chunk_list)),
        segments(upload_bytes(segment_list)),
        state(upload_bytes(std::vector<StepState>{{.seed = 1, .step = 0, .epoch = 0, .batch = 0}})),
        rates(upload(learning_rates)),
        scale(upload(std::vector<float>{1})),
        average_rate(upload(Values{0.1})) {}

  StepState* step_state() const { return reinterpret_cast<StepState*>(state.raw()); }
  kernels::OptimizerArena<A> arena(bool extras = true) const {
    return {.masters = masters.data<A>(),
            .gradients = gradients.data<A>(),
            .shadow = extras ? shadow.data<bf16>() : nullptr,
            .average = extras ? average.data<A>() : nullptr,
            .chunks = reinterpret_cast<const ArenaChunk*>(chunks.raw()),
            .chunk_count = chunks.size() / int64_t(sizeof(ArenaChunk)),
            .segments = reinterpret_cast<const ArenaSegment*>(segments.raw())};
  }
  kernels::OptimizerSchedule schedule(bool scaled = true) const {
    return {.state = step_state(),
            .batches_per_update = batches_per_update,
            .learning_rates = rates.data<float>(),
            .learning_rate_count = rates.size(),
            .average_rates = average_rate.data<double>(),
            .average_rate_count = average_rate.size(),
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
        << what << "[" << i << "]: got " << got[i] << ", want " << want[i];
}

template <class A>
void take_step(TestArena<A>& arena, const json& options) {
  const std::string kind = options["optimiser"];
  if (kind == "sgd") {
    const double momentum = options["momentum"];
    kernels::sgd_step(arena.arena(), arena.schedule(), momentum > 0 ? arena.first.template data<A>() : nullptr,
                      momentum, options["nesterov"].get<bool>(), stream());
  } else {
    const auto betas = options["betas"].get<std::vector<double>>();
    kernels::adam_step(arena.arena(), arena.schedule(), arena.first.template data<A>(), arena.second.template data<A>(),
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
    std::vector<ArenaChunk> chunks;
    append_chunks(chunks, 0, int64_t(start.size()), 0);
    const ArenaSegment segment{1, options["weight_decay"].get<float>()};
    TestArena<A> arena(start, chunks, {segment}, {options["lr"].get<float>()});
    arena.average_rate = upload(Values{1 - values["ema_decay"].get<double>()});
    for (size_t step = 0; step < values["gradients"].size(); ++step) {
      arena.set_gradients(values["gradients"][step]);
      take_step(arena, options);
      kernels::advance(arena.step_state(), 100, stream());
      const std::string what = options.dump().substr(0, 120) + " step " + std::to_string(step);
      expect_near(download<A>(arena.masters), options["after"][step], tolerance, what);
      expect_near(download<A>(arena.average), options["ema"][step], tolerance, "average of " + what);
    }
  }
}

// Rates and weight decays are floats: 6e-8 of the update.
TEST(Optimizer, FollowsPyTorchInDouble) { follow_trajectories<double>(2e-8); }
TEST(Optimizer, FollowsPyTorchInFloat) { follow_trajectories<float>(2e-6); }

/// Three parameters with gaps between them, one longer than a chunk; what lies between must not change.
struct Layout {
  std::vector<ArenaChunk> chunks;
  std::vector<ArenaSegment> segments{{1, 0}, {0.5f, 0.125f}, {2, 0.25f}};
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
  for (const ArenaChunk& chunk : layout.chunks) {
    EXPECT_TRUE(chunk.count >= 1 && chunk.count <= kArenaChunk);
    for (int64_t i = chunk.begin; i < chunk.begin + chunk.count; ++i) covered[size_t(i)] = chunk.segment;
  }
  EXPECT_EQ(covered, layout.segment_of);
}

TEST(Optimizer, SegmentsScaleAndClippingMatchTheFormula) {
  const Layout layout;
  TestArena<double> arena(layout.start, layout.chunks, layout.segments, {0.5f, 0.25f});
  arena.set_gradients(layout.gradients);
  arena.scale = upload(std::vector<float>{0.75f});
  Values want = layout.start, velocity(want.size());
  for (int step = 0; step < 3; ++step) {
    kernels::sgd_step(arena.arena(), arena.schedule(), arena.first.data<double>(), 0.5, true, stream());
    kernels::advance(arena.step_state(), 2, stream());
    for (size_t i = 0; i < want.size(); ++i) {
      if (layout.segment_of[i] < 0) continue;
      const ArenaSegment segment = layout.segments[size_t(layout.segment_of[i])];
      const double rate = (step == 0 ? 0.5 : 0.25) * segment.lr_scale;  // the table's last rate stays
      const double g = 0.75 * layout.gradients[i] + segment.weight_decay * want[i];
      velocity[i] = 0.5 * velocity[i] + g;
      want[i] -= rate * (g + 0.5 * velocity[i]);
    }
  }
  expect_near(download<double>(arena.masters), want, 1e-14, "masters");
  const std::vector<bf16> shadow = arena.shadow.to_host<bf16>();
  const Values average = download<double>(arena.average);
  for (size_t i = 0; i < want.size(); ++i) {
    const bool inside = layout.segment_of[i] >= 0;
    EXPECT_EQ(__bfloat162float(shadow[i]), inside ? __bfloat162float(__float2bfloat16(float(want[i]))) : 0.f) << i;
    if (!inside) {
      EXPECT_EQ(average[i], layout.start[i]) << i;
      EXPECT_EQ(want[i], layout.start[i]) << i;
    }
  }
}

TEST(Optimizer, SeveralBatchesMakeOneUpdate) {
  const Layout layout;
  TestArena<double> arena(layout.start, layout.chunks, {{1, 0}, {1, 0}, {1, 0}}, {1.f, 2.f, 4.f});
  arena.set_gradients(layout.gradients);
  arena.batches_per_update = 3;
  arena.average_rate = upload(Values{1, 0.5});
  Values want = layout.start, average = layout.start;
  for (int update = 0; update < 4; ++update) {
    for (int batch = 1; batch < 3; ++batch) kernels::advance(arena.step_state(), 100, stream());
    kernels::sgd_step(arena.arena(), arena.schedule(), static_cast<double*>(nullptr), 0, false, stream());
    kernels::advance(arena.step_state(), 100, stream());
    for (size_t i = 0; i < want.size(); ++i) {
      if (layout.segment_of[i] < 0) continue;
      want[i] -= std::min(4.0, std::exp2(update)) * layout.gradients[i];
      average[i] += (update == 0 ? 1 : 0.5) * (want[i] - average[i]);
    }
  }
  expect_near(download<double>(arena.masters), want, 1e-14, "masters");
  expect_near(download<double>(arena.average), average, 1e-14, "average");
}

TEST(Optimizer, TheFirstUpdateWithABadGradientIsNoted) {
  const Layout layout;
  for (const double bad : {double(INFINITY), -double(INFINITY), double(NAN)})
    for (const bool adam : {false, true}) {
      TestArena<float> arena(layout.start, layout.chunks, layout.segments, {0.1f});
      for (int update = 0; update < 5; ++update) {
        Values gradients = layout.gradients;
        if (update == 2) gradients[8000] = bad;
        if (update == 3) gradients[70] = bad;
        gradients[9099] = NAN;  // in no chunk
        arena.set_gradients(gradients);
        if (adam)
          kernels::adam_step(arena.arena(), arena.schedule(), arena.first.data<float>(), arena.second.data<float>(), {},
                             stream());
        else
          kernels::sgd_step(arena.arena(), arena.schedule(), arena.first.data<float>(), 0.9, false, stream());
        kernels::advance(arena.step_state(), 100, stream());
        EXPECT_EQ(arena.not_finite.to_host<int64_t>()[0], update < 2 ? 0 : 3) << bad << " update " << update;
      }
    }
}

TEST(Optimizer, FirstAdamStepIsTheSignOfTheGradient) {
  const Layout layout;
  TestArena<float> arena(layout.start, layout.chunks, {{1, 0}, {1, 0}, {1, 0}}, {0.125f});
  arena.set_gradients(layout.gradients);
  kernels::adam_step(arena.arena(false), arena.schedule(false), arena.first.data<float>(), arena.second.data<float>(),
                     {.epsilon = 1e-12}, stream());
  const Values got = download<float>(arena.masters);
  for (size_t i = 0; i < got.size(); ++i) {
    const double move = layout.segment_of[i] < 0 ? 0 : layout.gradients[i] > 0 ? -0.125 : 0.125;
    EXPECT_NEAR(got[i], float(layout.start[i]) + move, 1e-6) << i;
  }
}

TEST(Optimizer, AdamCorrectsItsBiasLateInTraining) {
  // A constant gradient g makes m = (1 - beta1^t) g and v = (1 - beta2^t) g^2: every step is lr.
  TestArena<double> arena({1.0}, {{0, 1, 0}}, {{1, 0}}, {0.001f});
  arena.set_gradients({3.0});
  for (int step = 0; step < 1000; ++step) {
    kernels::adam_step(arena.arena(false), arena.schedule(), arena.first.data<double>(), arena.second.data<double>(),
                       {.epsilon = 0}, stream());
    kernels::advance(arena.step_state(), 7, stream());
  }
  EXPECT_NEAR(download<double>(arena.masters)[0], 1 - 1000 * double(0.001f), 1e-10);
}

TEST(Optimizer, TwoRunsAreBitEqual) {
  const Layout layout;
  std::vector<std::vector<float>> runs;
  for (int run = 0; run < 2; ++run) {
    TestArena<float> arena(layout.start, layout.chunks, layout.segments, {0.1f});
    arena.set_gradients(layout.gradients);
    for (int step = 0; step < 3; ++step)
      kernels::adam_step(arena.arena(), arena.schedule(), arena.first.data<float>(), arena.second.data<float>(), {},
                         stream());
    runs.push_back(arena.masters.to_host<float>());
  }
  EXPECT_EQ(runs[0], runs[1]);
}

TEST(Optimizer, NoChunksIsLegal) {
  TestArena<float> arena({}, {}, {}, {0.1f});
  kernels::sgd_step(arena.arena(), arena.schedule(), arena.first.data<float>(), 0.9, false, stream());
  synchronize();
}

TEST(StepState, AdvanceWrapsBatchesIntoEpochs) {
  Tensor state = upload_bytes(std::vector<StepState>{{.seed = 5, .step = 0, .epoch = 0, .batch = 0}});
  auto* device = reinterpret_cast<StepState*>(state.raw());
  for (int step = 1; step <= 7; ++step) {
    kernels::advance(device, 3, stream());
    StepState host;
    state.copy_to_host(&host, sizeof host);
    EXPECT_EQ(host.seed, 5u);
    EXPECT_EQ(host.step, step);
    EXPECT_EQ(host.epoch, step / 3);
    EXPECT_EQ(host.batch, step % 3);
  }
}

}  // namespace
}  // namespace cucurbit
