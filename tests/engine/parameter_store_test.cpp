// The memory of a network's parameters: where it begins, which gradients it has, and what takes its place.
#include "engine/nn/parameter_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/autograd.h"
#include "engine/nn/network.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

Network network_of(uint64_t seed, DType compute = DType::f32) {
  return {"small", small_mlp(4), {8, 8, 1}, 4, compute, seed};
}

std::map<std::string, std::vector<float>> masters_of(const Network& network) {
  std::map<std::string, std::vector<float>> masters;
  for (const auto& [name, parameter] : network.store().state().parameters)
    masters[name] = parameter->master.to_host<float>();
  return masters;
}

TEST(ParameterStore, EveryParameterBeginsWithNumbersOfItsOwn) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  for (int layer = 0; layer < 3; ++layer) net->emplace<Linear>(64, 64, Activation::relu);
  const Network network("equal layers", std::move(net), {8, 8, 1}, 64, DType::f32, 5);
  auto masters = masters_of(network);
  EXPECT_NE(masters.at("1.weight"), masters.at("2.weight"));
  EXPECT_NE(masters.at("2.weight"), masters.at("3.weight"));
}

TEST(ParameterStore, TheSeedDecidesWhateverTheComputeType) {
  EXPECT_EQ(masters_of(network_of(1)), masters_of(network_of(1)));
  EXPECT_EQ(masters_of(network_of(1)), masters_of(network_of(1, DType::bf16)));
  EXPECT_NE(masters_of(network_of(1)), masters_of(network_of(2)));
}

TEST(ParameterStore, ParametersWithoutAGradientGetZeros) {
  Network network = network_of(1);
  ParameterStore& store = network.store();
  {
    Tape tape;
    store.begin_gradients();
    tape.backward(network.forward(Tensor::from_host(std::vector<float>(128, 1.f), {2, 8, 8, 1})),
                  Tensor::from_host(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 4}));
    EXPECT_TRUE(store.finish_gradients().empty());
  }
  const std::vector<float> first = store.gradients().to_host<float>();
  EXPECT_TRUE(std::any_of(first.begin(), first.end(), [](float value) { return value != 0; }));
  store.begin_gradients();
  EXPECT_EQ(store.finish_gradients().size(), store.state().parameters.size());
  EXPECT_EQ(store.gradients().to_host<float>(), std::vector<float>(first.size(), 0.f)) << "not those of the last step";
}

TEST(ParameterStore, ExchangedMastersReachTheLowPrecisionCopy) {
  Network network = network_of(1, DType::bf16), other = network_of(2, DType::bf16);
  const std::vector<float> one = network.store().masters().to_host<float>(),
                           two = other.store().masters().to_host<float>();
  network.store().exchange_masters(other.store().masters());
  EXPECT_EQ(network.store().masters().to_host<float>(), two);
  EXPECT_EQ(other.store().masters().to_host<float>(), one);
  const std::vector<bf16> copy = network.store().low_precision_copy().to_host<bf16>();
  ASSERT_EQ(copy.size(), two.size());
  for (size_t i = 0; i < copy.size(); ++i)
    EXPECT_EQ(__bfloat162float(copy[i]), __bfloat162float(__float2bfloat16(two[i]))) << i;
}

}  // namespace
}  // namespace cucurbit::test
