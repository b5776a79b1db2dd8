#pragma once

#include <benchmark/benchmark.h>

#include "bench/support/device_timer.h"

namespace cucurbit::bench {

/// The work of one call of the measured code; zeros are omitted from the report.
struct Counters {
  double flop = 0, bytes = 0, items = 0;
};

/// Times the work that `run` queues by events of the device, after one call to warm up. Register with UseManualTime().
template <class F>
void measure(benchmark::State& state, const Counters& counters, F&& run) {
  DeviceTimer timer;
  run();
  for (auto _ : state) state.SetIterationTime(timer.seconds(run));
  using benchmark::Counter;
  if (counters.flop > 0) state.counters["GFLOP/s"] = Counter(counters.flop * 1e-9, Counter::kIsIterationInvariantRate);
  if (counters.bytes > 0) state.SetBytesProcessed(int64_t(counters.bytes * double(state.iterations())));
  if (counters.items > 0) state.SetItemsProcessed(int64_t(counters.items * double(state.iterations())));
}

/// Registers a benchmark of device time, reported in microseconds.
template <class F>
void add_benchmark(const std::string& name, F&& body) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<F>(body))->UseManualTime()->Unit(benchmark::kMicrosecond);
}

}  // namespace cucurbit::bench
