#include "engine/optim/muon.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/matmul.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

namespace {
constexpr int kIterations = 5;
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;  // Jordan's: steep at 0; five steps end in [0.7, 1.2]

int64_t rows_of(const Parameter& parameter) { return parameter.shape[0]; }
int64_t cols_of(const Parameter& parameter) { return parameter.shape.size() / parameter.shape[0]; }

bool is_matrix(const Parameter& parameter) {
  const Shape& shape = parameter.shape;
  const bool depthwise = shape.rank() == 4 && shape[3] == 1;
  return parameter.is_weight && shape.rank() >= 2 && shape.size() > 0 && !depthwise;
}

std::vector<bool> choose(const ParameterStore& store, bool everything) {
  const auto& parameters = store.state().parameters;
  std::vector<bool> chosen;
  size_t first = parameters.size(), last = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    chosen.push_back(is_matrix(*parameters[i].item));
    if (!parameters[i].item->is_weight) continue;
    first = std::min(first, i);
    last = i;
  }
  if (!everything && first < chosen.size()) chosen[first] = chosen[last] = false;
  return chosen;
}

void copy(const Tensor& from, const Tensor& to) {
  check_cuda(cudaMemcpyAsync(to.raw(), from.raw(), from.bytes(), cudaMemcpyDeviceToDevice, stream()), "muon");
}

/// Replaces x [m, n] by the matrix with the same singular vectors and singular values near 1.
void orthogonalize(const Tensor& x) {
  const int64_t m = x.dim(0), n = x.dim(1), side = std::min(m, n), other = std::max(m, n);
  const bool tall = m > n;
  const Tensor square = Tensor::empty({side, side}, x.dtype()), polynomial = Tensor::empty({side, side}, x.dtype());
  Tensor from = x, to = Tensor::empty(x.shape(), x.dtype());
  for (int i = 0; i < kIterations; ++i) {
    gemm(kernels::dense_gemm(side, side, other, tall, !tall), 1, from, from, 0, square);
    copy(square, polynomial);
    gemm(kernels::dense_gemm(side, side, side, false, false), kC, square, square, kB, polynomial);
    copy(from, to);
    if (tall)
      gemm(kernels::dense_gemm(m, n, n, false, false), 1, from, polynomial, kA, to);
    else
      gemm(kernels::dense_gemm(m, n, m, false, false), 1, polynomial, from, kA, to);
    std::swap(from, to);
  }
  if (from.raw() != x.raw()) copy(from, x);
}
}  // namespace

double Muon::rate_factor(const Parameter& parameter) {
  return std::sqrt(std::max(1.0, double(rows_of(parameter)) / double(cols_of(parameter))));
}

Muon::Muon(const ParameterStore& store, double momentum, bool nesterov, bool everything)
    : store_(store), momentum_(momentum), nesterov_(nesterov), chosen_(choose(store, everything)) {
  std::vector<ParameterChunk> mine, others;
  std::vector<kernels::ChunkRange> ranges;
  for (size_t i = 0; i < chosen_.size(); ++i) {
    const Parameter& parameter = *store.state().parameters[i].item;
    std::vector<ParameterChunk>& chunks = chosen_[i] ? mine : others;
    const auto first = int64_t(chunks.size());
    append_chunks(chunks, store.offset(parameter), parameter.shape.size(), int32_t(i));
    ranges.push_back({first, int64_t(chunks.size()) - first});
  }
  chunks_ = bytes_on_device(std::span<const ParameterChunk>(mine));
  other_chunks_ = bytes_on_device(std::span<const ParameterChunk>(others));
  ranges_ = bytes_on_device(std::span<const kernels::ChunkRange>(ranges));
  partial_ = Tensor::zeros({int64_t(mine.size())}, DType::f64);
  directions_ = Tensor::zeros(store.masters().shape(), store.masters().dtype());
}

void Muon::update(const Tensor& velocities, const float* gradient_scale) {
  const auto* chunks = reinterpret_cast<const ParameterChunk*>(chunks_.raw());
  const int64_t count = partial_.size();
  dispatch_float(directions_.dtype(), "muon", [&]<class T>(Type<T>) {
    using A = acc_t<T>;
    kernels::muon_momentum(store_.gradients().data<A>(), velocities.data<A>(), directions_.data<A>(), chunks, count,
                           momentum_, nesterov_, gradient_scale, partial_.data<double>(), stream());
    kernels::normalize_matrices(directions_.data<A>(), chunks, count,
                                reinterpret_cast<const kernels::ChunkRange*>(ranges_.raw()), partial_.data<double>(),
                                stream());
  });
  for (size_t i = 0; i < chosen_.size(); ++i) {
    if (!chosen_[i]) continue;
    const Parameter& parameter = *store_.state().parameters[i].item;
    const int64_t begin = store_.offset(parameter);
    orthogonalize(
        directions_.slice(begin, begin + parameter.shape.size()).reshape({rows_of(parameter), cols_of(parameter)}));
  }
}

}  // namespace cucurbit
