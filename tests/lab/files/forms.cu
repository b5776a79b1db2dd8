// The forms in which CUDA code launches kernels and declares shared memory. All are correct: the lab finds nothing.
#include <lab.h>

#include <algorithm>

#define SCALE(factor, data) scale<<<1, dim3(64), 0, nullptr>>>(data, factor)

extern __shared__ int of_file[];

__global__ void add(int* data, int value) { data[threadIdx.x] += value; }

template <class T>
__global__ void scale(T* data, T factor) {
  data[threadIdx.x] *= factor;
}

template <int kShift, class T>
__global__ void shift(const T* in, T* out, size_t n, int extra = 0) {
  extern __shared__ __align__(16) unsigned char bytes[];
  T* tile = reinterpret_cast<T*>(bytes);
  tile[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[threadIdx.x] = tile[(threadIdx.x + kShift) % n] + extra;
}

__global__ void through_file_scope(int* data) {
  of_file[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = of_file[blockDim.x - 1 - threadIdx.x];
}

__global__ void transpose(int* data) {
  extern __shared__ int rows[][8];
  rows[threadIdx.y][threadIdx.x] = data[8 * threadIdx.y + threadIdx.x];
  __syncthreads();
  data[8 * threadIdx.y + threadIdx.x] = rows[threadIdx.x][threadIdx.y];
}

namespace outer {
namespace inner {
template <class A, class B>
__global__ void fill(A* a, B value) {
  a[threadIdx.x] = A(value);
}
}  // namespace inner
}  // namespace outer

template <class T>
void run_fill(lab::Array<T>& data, T value) {
  outer::inner::fill<T, int><<<1, unsigned(data.size())>>>(data, int(value));
}

LAB_TEST(plain) {
  lab::Array<int> data = lab::iota<int>(64);
  add<<<1, 64>>>(data, 3);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  ::add<<<dim3(std::max(0, 1)), 64, 0, stream>>>(data, 4);
  cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  lab::expect(data, [](size_t i) { return int(i) + 7; });
}

LAB_TEST(templates) {
  lab::Array<float> data = lab::iota<float>(64);
  scale<float><<<1, 64>>>(data, 2);
  scale<<<1, 64>>>(data.data(), 2.0f);
  SCALE(2.0f, data.data());
  lab::expect(data, [](size_t i) { return 8 * float(i); });
  run_fill(data, 5.0f);
  lab::expect(data, std::vector<float>(64, 5));
}

LAB_TEST(shared) {
  lab::Array<int> in = lab::iota<int>(64), out(64);
  shift<1><<<1, 64, 64 * sizeof(int)>>>(in.data(), out.data(), 64);
  lab::expect(out, [](size_t i) { return int(i + 1) % 64; });
  shift<(2 > 1) ? 2 : 3, int><<<1, 64, 64 << 2>>>(in, out, 64, 1);
  lab::expect(out, [](size_t i) { return int(i + 2) % 64 + 1; });
  through_file_scope<<<1, 64, 256>>>(in);
  lab::expect(in, [](size_t i) { return 63 - int(i); });
  transpose<<<1, dim3(8, 8), 256>>>(in);
  lab::expect(in, [](size_t i) { return 63 - int(i % 8 * 8 + i / 8); });
}

LAB_TEST(pointers) {
  void (*kernels[])(int*, int) = {add, scale<int>};
  auto chosen = kernels[1];
  lab::Array<int> data = lab::iota<int>(64);
  kernels[0]<<<1, 64>>>(data, 1);
  chosen<<<1, 64>>>(data, 2);
  (*chosen)<<<1, 64>>>(data, 2);
  lab::expect(data, [](size_t i) { return 4 * int(i + 1); });
  lab::expect_deterministic(data);
}

LAB_TEST(checked_errors) {
  lab::Array<int> data = lab::zeros<int>(1);
  add<<<1, 5000>>>(data, 1);
  lab::expect(cudaGetLastError() == cudaErrorInvalidConfiguration);
  add<<<1, 1>>>(data, 1);
  lab::expect(data, std::vector<int>{1});
}
