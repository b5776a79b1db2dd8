// Threads increment the bins of a histogram with ++, which reads, adds and writes: counts get lost.
// ptxrun: sees
#include <lab.h>

__global__ void histogram(const int* data, int* bins) {
  bins[data[threadIdx.x]]++;  // PLANTED racecheck race-global
}

__global__ void histogram_mended(const int* data, int* bins) { atomicAdd(&bins[data[threadIdx.x]], 1); }

void count(void (*kernel)(const int*, int*)) {
  const std::vector<int> values = lab::random_values<int>(256, 1, 0, 10);
  std::vector<int> counts(10);
  for (const int value : values) ++counts[size_t(value)];
  lab::Array<int> data = values, bins = lab::zeros<int>(10);
  kernel<<<1, 256>>>(data, bins);
  lab::expect(bins, counts);
}

LAB_TEST(defect) { count(histogram); }

LAB_TEST(mended) { count(histogram_mended); }
