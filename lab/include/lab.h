#pragma once

/// The header for files that `cucurbit lab check` reads. Such a file has kernels, and tests that provide inputs, launch
/// the kernels and say which results they expect.
///
///     #include <lab.h>
///
///     __global__ void twice(int* data) { data[threadIdx.x] *= 2; }
///
///     LAB_TEST(doubles) {
///       lab::Array<int> data = lab::iota<int>(256);
///       twice<<<1, 256>>>(data);
///       lab::expect(data, [](size_t i) { return 2 * int(i); });
///     }
///
/// The same file compiles with nvcc: nvcc -std=c++20 -I lab/include file.cu -o file. The program runs every test, or
/// those named on its command line; --list prints names and lines.

#include <cuda_runtime.h>

#include "lab/array.h"
#include "lab/expect.h"
#include "lab/test.h"
#ifdef SOFTGPU
#include "lab/launch.h"
#endif

int main(int argc, char** argv) { return lab::detail::run(argc, argv); }
