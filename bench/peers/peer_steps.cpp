// Our side of bench/peers/README.md: answers every line of input with a line of JSON until the input ends.
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bench/peers/step.h"
#include "engine/profile/limits.h"
#include "kernels/error.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;
using Json = nlohmann::ordered_json;

constexpr int kWarmUp = 5;

struct Running {
  std::unique_ptr<PeerStep> step;
  bool warm = false;
};

/// The peak of the resident memory, VmHWM, in MiB.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

const DeviceLimits& device_limits() {
  static const DeviceLimits limits = measure_limits();
  return limits;
}

Json report_limits() {
  const DeviceLimits& limits = device_limits();
  return {{"gemm_fp32_gflops", limits.gemm_f32 * 1e-9},
          {"gemm_bf16_gflops", limits.gemm_bf16 * 1e-9},
          {"bandwidth_gbs", limits.bandwidth * 1e-9}};
}

Json report_profile(const std::string& name) {
  constexpr int kSteps = 10;
  const std::vector<OpTime> ops = profile_step(name, kSteps);
  if (ops.empty()) return {{"error", "no step is called '" + name + "'"}};
  const Rooflines least = rooflines(ops, device_limits());
  return {{"direct_ms", least.direct * 1e3 / kSteps},
          {"algorithm_ms", least.algorithm * 1e3 / kSteps},
          {"table", profile_table(ops, device_limits(), kSteps)}};
}

Json report(const std::string& name, const PeerStep& step, const std::vector<double>& ms) {
  return {{"name", name}, {"ms", ms}, {"peak_mb", peak_mb()}, {"value", step.value()}};
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
  if (name == "limits") return report_limits();
  if (name == "profile") return words >> name, report_profile(name);
  const bool first = name == "first";
  if (first ? !(words >> name) : !(words >> count) || count < 0)
    return {{"error", "cannot parse '" + line + "': expected NAME ITERATIONS, first NAME, profile NAME, or limits"}};
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
