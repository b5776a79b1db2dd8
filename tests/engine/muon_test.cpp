// Muon against PyTorch's trajectories and plain loops in double; which parameters it updates; replayed steps.
#include "engine/optim/muon.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/math_mode.h"
#include "engine/runtime/stream.h"
#include "kernels/step.h"
#include "support/small_data.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

using nlohmann::json;
using Values = std::vector<double>;
constexpr OptimizerOptions::Kind kSgd = OptimizerOptions::Kind::sgd;

template <class A>
void upload(const Tensor& to, const Values& values) {
  const std::vector<A> converted(values.begin(), values.end());
  to.copy_from_host(converted.data(), converted.size() * sizeof(A));
}
template <class A>
Values download(const Tensor& from) {
  const std::vector<A> values = from.to_host<A>();
  return {values.begin(), values.end()};
}

void expect_near(const Values& got, const Values& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(std::abs(got[i] - expected[i]) <= tolerance)
        << what << "[" << i << "]: " << got[i] << ", expected " << expected[i];
}

/// Layers whose weights have these shapes.
Network network_of(const std::vector<std::pair<int64_t, int64_t>>& shapes, DType compute) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  for (const auto& [out, in] : shapes) net->emplace<Linear>(in, out);
  return Network("test", std::move(net), {1, 1, shapes.front().second}, shapes.back().first, compute, 1);
}

template <class A>
void follow_pytorch(double tolerance) {
  const json values = json::parse(std::ifstream(CUCURBIT_SOURCE_DIR "/tests/values/muon.json"));
  const json& matrices = values["matrices"];
  std::vector<std::pair<int64_t, int64_t>> shapes;
  for (const json& matrix : matrices) shapes.emplace_back(matrix["shape"][0], matrix["shape"][1]);
  Network network = network_of(shapes, dtype_of<A>);
  ParameterStore& store = network.store();
  const auto& parameters = store.state().parameters;
  for (size_t m = 0; m < matrices.size(); ++m) upload<A>(parameters[2 * m].item->master, matrices[m]["start"]);
  store.gradients().fill_zero();
  // At a rate of 0.001 and gradients of 0 all other parameters stay unchanged; Muon's rate is twenty times that.
  Optimizer optimizer(store,
                      {.kind = kSgd,
                       .muon = MuonOptions{.rate_scale = values["lr"].get<double>() / 0.001,
                                           .momentum = values["momentum"],
                                           .everything = true},
                       .weight_decay = values["weight_decay"]},
                      {0.001f});
  const StepState zero{};
  const Tensor state = bytes_on_device(std::span(&zero, 1));
  for (size_t step = 0; step < matrices[0]["after"].size(); ++step) {
    for (size_t m = 0; m < matrices.size(); ++m)
      upload<A>(parameters[2 * m].item->value.gradient()->value, matrices[m]["gradients"][step]);
    optimizer.step(reinterpret_cast<const StepState*>(state.raw()));
    for (size_t m = 0; m < matrices.size(); ++m)
      expect_near(download<A>(parameters[2 * m].item->master), matrices[m]["after"][step], tolerance,
                  "matrix " + std::to_string(m) + " step " + std::to_string(step));
  }
}

TEST(Muon, FollowsPyTorch) {
  for (const Math math : {Math::vendor, Math::own}) {
    set_math_mode(math);
    follow_pytorch<double>(2e-8);  // the learning rates are float
    follow_pytorch<float>(2e-6);
  }
  set_math_mode(Math::vendor);
}

/// X [m, n] after five steps of 3.4445 X - 4.7750 X X^T X + 2.0315 (X X^T)^2 X, by plain loops.
Values orthogonalized(Values x, int64_t m, int64_t n) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  for (double& v : x) v /= std::sqrt(squares) + 1e-7;
  const auto times = [m](const Values& left, const Values& right, int64_t columns) {  // left [m, m]
    Values product(size_t(m * columns), 0);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t k = 0; k < m; ++k)
        for (int64_t j = 0; j < columns; ++j)
          product[size_t(i * columns + j)] += left[size_t(i * m + k)] * right[size_t(k * columns + j)];
    return product;
  };
  for (int step = 0; step < 5; ++step) {
    Values gram(size_t(m * m), 0);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < m; ++j)
        for (int64_t k = 0; k < n; ++k) gram[size_t(i * m + j)] += x[size_t(i * n + k)] * x[size_t(j * n + k)];
    const Values third = times(gram, x, n), fifth = times(gram, third, n);
    for (size_t i = 0; i < x.size(); ++i) x[i] = 3.4445 * x[i] - 4.7750 * third[i] + 2.0315 * fifth[i];
  }
  return x;
}

TEST(Muon, MatricesOfManyChunksMatchPlainLoops) {
  // 90 x 130 and 130 x 70 take three chunks each; sizes around the tiles.
  const std::vector<std::pair<int64_t, int64_t>> shapes = {{90, 130}, {70, 90}, {1, 70}, {33, 1}, {4, 33}};
  Network network = network_of(shapes, DType::f64);
  ParameterStore& store = network.store();
  Values gradients(size_t(store.gradients().size()));
  for (size_t i = 0; i < gradients.size(); ++i)
    gradients[i] = std::sin(double(i) * 0.7) + 0.3 * std::cos(double(i * i % 1013));
  upload<double>(store.gradients(), gradients);
  Muon muon(store, 0.5, false, true);
  const Tensor velocities = Tensor::zeros(store.masters().shape(), DType::f64);
  const Tensor scale = Tensor::from_host(std::vector<float>{0.25f}, {1});
  muon.update(velocities, scale.data<float>());
  muon.update(velocities, scale.data<float>());
  const Values directions = download<double>(muon.directions()), velocity = download<double>(velocities);
  for (size_t p = 0; p < shapes.size(); ++p) {
    const Parameter& weight = *store.state().parameters[2 * p].item;
    const int64_t begin = store.offset(weight), count = weight.shape.size();
    ASSERT_TRUE(muon.chosen()[2 * p]);
    EXPECT_FALSE(muon.chosen()[2 * p + 1]) << "a bias";
    Values v(gradients.begin() + begin, gradients.begin() + begin + count);
    for (double& value : v) value = 0.25 * (value + 0.5 * value);
    expect_near({velocity.begin() + begin, velocity.begin() + begin + count}, v, 1e-12, "velocity");
    const Values got(directions.begin() + begin, directions.begin() + begin + count);
    expect_near(got, orthogonalized(v, shapes[p].first, shapes[p].second), 1e-9, "weight " + std::to_string(p));
  }
}

TEST(Muon, LeavesOutFirstLayerClassifierAndDepthwiseFilters) {
  auto net = std::make_unique<Sequential>();
  const auto conv = [&](int64_t in, int64_t out, int groups) {
    net->emplace<Conv2d>(in, out, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1, .groups = groups}});
  };
  conv(1, 8, 1);
  net->emplace<BatchNorm2d>(8);
  conv(8, 8, 8);
  conv(8, 16, 1);
  net->emplace<GlobalAveragePool>();
  net->emplace<Linear>(16, 12);
  net->emplace<Linear>(12, 4);
  Network network("test", std::move(net), {8, 8, 1}, 4, DType::f32, 1);
  const auto names = [&](bool everything) {
    const Muon muon(network.store(), 0.95, true, everything);
    std::vector<std::string> chosen;
    for (size_t i = 0; i < muon.chosen().size(); ++i)
      if (muon.chosen()[i]) chosen.push_back(network.store().state().parameters[i].name);
    return chosen;
  };
  EXPECT_EQ(names(false), (std::vector<std::string>{"3.weight", "5.weight"}));
  EXPECT_EQ(names(true), (std::vector<std::string>{"3.weight", "5.weight", "6.weight"})) << "1x3x3 is one channel deep";
  network.add_part("map", std::make_unique<Linear>(4, 4), 1);
  EXPECT_EQ(names(false), (std::vector<std::string>{"3.weight", "5.weight", "training.parts.map.weight"}))
      << "the classifier stays that of the network";
}

std::pair<std::vector<float>, double> train(const OptimizerOptions& optimizer, bool graph, int64_t grad_accum_steps,
                                            int steps) {
  const ImageSet images = easy_images(512, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_convnet(4), {8, 8, 1}, 4, grad_accum_steps > 1 ? DType::bf16 : DType::f32, 3);
  TrainOptions options{.batch_size = 32, .grad_accum_steps = grad_accum_steps, .seed = 5, .graph = graph};
  options.optimizer = optimizer;
  options.learning_rates.assign(size_t(steps), 0.01f);
  Trainer trainer = supervised_trainer(network, data, options, kCrossEntropy);
  for (int i = 0; i + 10 < steps; ++i) trainer.step();
  trainer.take_metrics();
  for (int i = 0; i < 10; ++i) trainer.step();
  return {network.store().masters().to_host<float>(), trainer.take_metrics().loss};
}

TEST(Muon, TrainsAndReplaysBitByBit) {
  for (const auto rest : {kSgd, OptimizerOptions::Kind::adamw})
    for (const double clip : {0.0, 0.5})
      for (const int64_t grad_accum_steps : {1, 2})
        for (const double ema : {0.0, 0.9}) {
          const OptimizerOptions options{.kind = rest,
                                         .momentum = clip > 0 ? 0.9 : 0,
                                         .muon = MuonOptions{.rate_scale = 2},
                                         .weight_decay = 0.01,
                                         .clip_norm = clip,
                                         .ema_decay = ema};
          EXPECT_EQ(train(options, false, grad_accum_steps, 12), train(options, true, grad_accum_steps, 12))
              << "clip " << clip << " grad_accum_steps " << grad_accum_steps << " average " << ema;
        }
  const OptimizerOptions options{.kind = OptimizerOptions::Kind::adamw, .muon = MuonOptions{.rate_scale = 2}};
  EXPECT_LT(train(options, true, 1, 150).second, 0.3);
}

}  // namespace
}  // namespace cucurbit::test
