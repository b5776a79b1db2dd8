// Tests that end badly, each in a different way; the last one is correct.
#include <lab.h>

#include <stdexcept>

__global__ void spin(volatile int* flag) {
  while (*flag == 0) {
  }
}

__global__ void store(int* out) { *out = 1; }

__global__ void last_wins(int* out) { *out = int(threadIdx.x); }

template <class T>
__global__ void store_value(T* out, T value) {
  *out = value;
}

LAB_TEST(endless_kernel) {
  lab::Array<int> flag = lab::zeros<int>(1);
  spin<<<1, 32>>>(flag);
}

LAB_TEST(endless_host) {
  for (volatile int i = 0; i < 10; i = 5) {
  }
}

LAB_TEST(null_kernel) {
  int* nowhere = nullptr;
  store<<<1, 1>>>(nowhere);
}

LAB_TEST(null_host) {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
}

LAB_TEST(host_memory) {
  std::vector<std::vector<char>> all;
  while (true) all.emplace_back(64 << 20, 'x');
}

LAB_TEST(device_memory) { lab::Array<char> data(size_t(1) << 40); }

LAB_TEST(leaves) {
  std::printf("on its way out\n");
  std::exit(0);
}

LAB_TEST(throws) { throw std::runtime_error("no such thing"); }

LAB_TEST(depends_on_order) {
  lab::Array<int> out = lab::zeros<int>(1);
  last_wins<<<1, 256>>>(out);
  lab::expect_deterministic(out);
}

LAB_TEST(deduced) {
  int* nowhere = nullptr;
  store_value<<<1, 1>>>(nowhere, 3);
}

LAB_TEST(right) {
  lab::Array<int> out(1);
  store<<<1, 1>>>(out);
  lab::expect(out, std::vector<int>{1});
}
