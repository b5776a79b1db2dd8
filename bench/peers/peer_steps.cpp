// Our side of bench/peers/README.md: a line in, a line of JSON out, until the input ends.
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/peers/step.h"
#include "bench/support/limits.h"
#include "kernels/error.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;
using Json = nlohmann::ordered_json;

constexpr int kWarmUp = 5;

struct Running {
  std::unique_ptr<Step> step;
  bool warm = false;
};

/// VmHWM in MiB.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

Json measure_limits() {
  return {{"gemm_fp32_gflops", gemm_gflops(DType::f32)},
          {"gemm_bf16_gflops", gemm_gflops(DType::bf16)},
          {"bandwidth_gbs", copy_gbs()}};
}

Json report(const std::string& name, const Step& step, const std::vector<double>& ms) {
  const Work work = step.work();
  return {{"name", name},          {"ms", ms},          {"peak_mb", peak_mb()},
          {"value", step.value()}, {"flop", work.flop}, {"bytes", work.bytes}};
}

Json run_steps(Running& running, const std::string& name, int64_t count) {
  for (int i = 0; i < kWarmUp && !running.warm; ++i) running.step->run();
  running.warm = true;
  std::vector<double> ms;
  for (int64_t i = 0; i < count; ++i) ms.push_back(running.step->timed());
  return report(name, *running.step, ms);
}

Json answer(std::map<std::string, Running>& known, const std::string& line) {
  std::istringstream words(line);
  std::string name;
  int64_t count = 0;
  words >> name;
  if (name == "limits") return measure_limits();
  const bool first = name == "first";
  if (first ? !(words >> name) : !(words >> count) || count < 0)
    return {{"error", "not understood: '" + line + "': NAME ITERATIONS, first NAME, or limits"}};
  Running& running = known[name];
  if (!running.step) running.step = make_step(name);
  if (!running.step) {
    known.erase(name);
    return {{"error", "no step is called '" + name + "'"}};
  }
  return first ? report(name, *running.step, {running.step->timed()}) : run_steps(running, name, count);
}
}  // namespace

int main() {
  std::map<std::string, Running> known;
  for (std::string line; std::getline(std::cin, line);) {
    Json reply;
    try {
      reply = answer(known, line);
    } catch (const std::exception& error) {
      reply = {{"error", error.what()}};
    }
    std::cout << reply.dump() << std::endl;
  }
}
