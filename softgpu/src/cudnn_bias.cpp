#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "cuda_bf16.h"
#include "cudnn_context.h"
#include "dnnl_epilogue.h"
#include "enqueue.h"

/// The gradient of a bias.

namespace {

using softgpu::onednn::Epilogue;

constexpr int64_t kRowsPerPart = 256;

int64_t parts_of(int64_t rows) { return (rows + kRowsPerPart - 1) / kRowsPerPart; }

/// sums[c] = sum over r of values[r, c]. Parts with a fixed number of rows are summed first, and then the parts in
/// double, so that the result does not depend on the number of threads.
template <class Accumulator, class T>
void sum_rows(const T* values, int64_t rows, int64_t cols, Accumulator* parts, Accumulator* sums) {
  const int64_t count = parts_of(rows);
#pragma omp parallel for schedule(static)
  for (int64_t part = 0; part < count; ++part) {
    Accumulator* sum = parts + part * cols;
    std::fill(sum, sum + cols, Accumulator(0));
    const int64_t end = std::min(rows, (part + 1) * kRowsPerPart);
    for (int64_t r = part * kRowsPerPart; r < end; ++r) {
      for (int64_t c = 0; c < cols; ++c) sum[c] += static_cast<Accumulator>(values[r * cols + c]);
    }
  }
  for (int64_t c = 0; c < cols; ++c) {
    double total = 0.0;
    for (int64_t part = 0; part < count; ++part) total += parts[part * cols + c];
    sums[c] = static_cast<Accumulator>(total);
  }
}

template <class Accumulator, class T>
std::function<void()> bind(cudnnContext& handle, int64_t rows, int64_t cols, const void* alpha, const void* dy,
                           const void* beta, void* db) {
  auto buffer = handle.scratch.at_least(static_cast<size_t>((parts_of(rows) + 1) * cols) * sizeof(Accumulator));
  T* out = static_cast<T*>(db);
  const Epilogue<Accumulator, T> finish{.rows = 1,
                                        .cols = cols,
                                        .stride = cols,
                                        .alpha = *static_cast<const Accumulator*>(alpha),
                                        .beta = *static_cast<const Accumulator*>(beta),
                                        .prior = out};
  return [=, buffer = std::move(buffer), values = static_cast<const T*>(dy)] {
    auto* sums = reinterpret_cast<Accumulator*>(buffer.get());
    sum_rows(values, rows, cols, sums + cols, sums);
    finish(sums, out);
  };
}

std::vector<softgpu::Use> uses_of(cudnnDataType_t type, const void* dy, int64_t dy_size, const void* beta,
                                  const void* db, int64_t db_size) {
  const int64_t size = softgpu::cudnn::size_of(type);
  const auto db_bytes = static_cast<size_t>(db_size * size);
  std::vector<softgpu::Use> uses{{dy, static_cast<size_t>(dy_size * size), false}, {db, db_bytes, true}};
  const bool adds =
      type == CUDNN_DATA_DOUBLE ? *static_cast<const double*>(beta) != 0.0 : *static_cast<const float*>(beta) != 0.0f;
  if (adds) uses.push_back({db, db_bytes, false});
  return uses;
}

}  // namespace

cudnnStatus_t cudnnConvolutionBackwardBias(cudnnHandle_t handle, const void* alpha,
                                           const cudnnTensorDescriptor_t dyDesc, const void* dy, const void* beta,
                                           const cudnnTensorDescriptor_t dbDesc, void* db) {
  if (handle == nullptr || alpha == nullptr || beta == nullptr || dy == nullptr || db == nullptr) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (dyDesc == nullptr || dbDesc == nullptr || dyDesc->n == 0 || dbDesc->n != 1 || dbDesc->h != 1 || dbDesc->w != 1 ||
      dbDesc->c != dyDesc->c || dbDesc->type != dyDesc->type) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (!softgpu::cudnn::is_packed_nhwc(*dyDesc) || !softgpu::cudnn::is_packed_nhwc(*dbDesc)) {
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  const int64_t rows = int64_t{dyDesc->n} * dyDesc->h * dyDesc->w, cols = dyDesc->c;
  try {
    std::function<void()> work;
    switch (dyDesc->type) {
      case CUDNN_DATA_FLOAT:
        work = bind<float, float>(*handle, rows, cols, alpha, dy, beta, db);
        break;
      case CUDNN_DATA_BFLOAT16:
        work = bind<float, __nv_bfloat16>(*handle, rows, cols, alpha, dy, beta, db);
        break;
      case CUDNN_DATA_DOUBLE:
        work = bind<double, double>(*handle, rows, cols, alpha, dy, beta, db);
        break;
      default:
        return CUDNN_STATUS_NOT_SUPPORTED;
    }
    std::vector<softgpu::Use> uses;
    if (softgpu::orders_kept()) uses = uses_of(dyDesc->type, dy, rows * cols, beta, db, cols);
    const auto error =
        softgpu::enqueue(handle->stream, std::move(work), "cudnnConvolutionBackwardBias", std::move(uses));
    return error == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
  } catch (const std::bad_alloc&) {
    return CUDNN_STATUS_ALLOC_FAILED;
  }
}
