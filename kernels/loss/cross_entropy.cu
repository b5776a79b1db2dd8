#include "kernels/host/launch.h"
#include "kernels/loss/cross_entropy.h"
#include "kernels/loss/labels.cuh"
#include "kernels/loss/loss_sums.cuh"
#include "kernels/row_tile.cuh"

/// The cross-entropy of a row of logits x with label y is lse - x[y], where lse = ln sum_c exp(x[c]), and its
/// derivative by x[c] is softmax(x)[c] - [c = y]. In float exp(x) is infinite from x = 89 on, so the largest logit m is
/// subtracted first: lse = m + ln sum_c exp(x[c] - m) is the same number, and no term is above 1.
///
/// A kernel takes the maximum and the sums of a row, then writes its gradient. Two kernels differ in where a row is kept
/// meanwhile: short rows in registers, so that memory is read once; longer ones in memory, where a block to each row
/// finds the maximum and the sums together and reads the row again for the gradient.
namespace cucurbit::kernels {

/// What the kernels take.
template <class T>
struct CrossEntropy {
  const T* logits;        // [rows, cols]
  const int32_t* labels;  // [rows]
  SecondLabels second;
  int64_t rows;
  int cols;  // classes
  acc_t<T> smoothing;
  T* gradient;  // [rows, cols], or null
  LossSink<acc_t<T>> sink;
};

/// What loss and gradient of a row are made of.
template <class A>
struct LogitSums {
  A max;      // of the logits
  A exp_sum;  // sum_c exp(x[c] - max)
  A sum;      // sum_c x[c], for label smoothing
  A rank;     // number of classes that come before the label's
};

/// Adds the loss of a row to the sums of its block. With label smoothing a it is
/// lse - (1 - a) target - a mean(x) = (lse - target) + a (target - mean(x)).
template <class A>
__device__ __forceinline__ void add_row_loss(LossSums& sums, int64_t row, int label, A target, A smoothing, int cols,
                                             const LogitSums<A>& x) {
  if (label == kBadLabel) add_bad_row(sums, row);
  if (label < 0) return;
  A loss = math::log(x.exp_sum) + (x.max - target);
  if (smoothing != 0) loss += smoothing * (target - x.sum / A(cols));
  add_row(sums, loss, A(0), loss, x.rank == 0);
}

/// The gradient of a row: scale (exp(x[c] - max) - [c = label] label - [c = second] second - uniform). This is
/// share (softmax(x)[c] - target[c]) with 1 / exp_sum drawn out of the bracket: one multiplication for each column.
template <class A>
struct RowGrad {
  A scale, label, second, uniform;
};

/// `share` is the weight of a row in the mean.
template <class A>
__device__ __forceinline__ RowGrad<A> row_grad(const LogitSums<A>& x, const LabelWeights<A>& weights, A share,
                                               A smoothing, int cols) {
  const A labelled = (A(1) - smoothing) * x.exp_sum;
  return {.scale = share / x.exp_sum,
          .label = labelled * weights.label,
          .second = labelled * weights.second,
          .uniform = smoothing / A(cols) * x.exp_sum};
}

/// Rows of at most kColumns columns, held in registers; rows_in_block of them to a block. The tile on a GPU:
///
///   kColumns = 8: four rows to a warp, eight lanes each      kColumns = 128: a row to a warp, four columns to a lane
///     lanes 0-7    row 0, columns 0-7                          element 0   columns  0-31, one to a lane
///     lanes 8-15   row 1, columns 0-7                          element 1   columns 32-63
///     ...                                                      ...
///
/// In a loop over elements (k, w), k counts a lane's columns. w is 0 on a GPU; with one thread it is a lane of a CPU's
/// vector register, which plays the part of a CUDA lane (see RowTile).
template <int kThreads, int kColumns, class T>
__global__ void short_cross_entropy_kernel(CrossEntropy<T> p, int rows_in_block) {
  using A = acc_t<T>;
  using Tile = RowTile<kThreads, kColumns>;
  const int64_t first = int64_t(blockIdx.x) * rows_in_block;
  const int64_t last = math::min(first + rows_in_block, p.rows);
  const A share = p.gradient ? row_share<kThreads>(p.sink, p.labels, p.second.labels, p.rows, p.cols) : A(0);
  const LabelWeights<A> weights(p.second);
  LossSums sums = no_rows();
  for (Tile tile(first, last, p.cols); tile.any(); tile.next()) {
    A x[Tile::kSteps][Tile::kWidth], power[Tile::kSteps][Tile::kWidth];  // the logits, and exp(x - max)
    PerRow<int, Tile::kWidth> label, second;
    PerRow<A, Tile::kWidth> label_logit, target;
    tile.load(p.logits, x, -A(INFINITY));  // padding is never the maximum, and its exponential is 0
    for (int r = 0; r < Tile::kRows; ++r) {
      const RowLabels labels = tile.has_row(r) ? row_labels(p.labels, p.second, weights, tile.row(r), p.cols)
                                               : RowLabels{kIgnored, kNoLabel};
      const T* row = p.logits + tile.row(r) * p.cols;
      label[r] = labels.label;
      second[r] = labels.second;
      label_logit[r] = labels.label >= 0 ? to_acc(row[labels.label]) : A(0);
      target[r] = target_logit(row, labels, weights);
    }
    tile.spread(label);  // lanes of a vector that share a row share its labels
    tile.spread(second);
    tile.spread(label_logit);

    PerRow<A, Tile::kWidth> max, exp_sum{}, sum{}, rank{};
    for (int w = 0; w < Tile::kWidth; ++w) max[w] = -A(INFINITY);
    tile.each([&](int k, int w) { max[w] = math::max(x[k][w], max[w]); });
    tile.reduce(max, Maximum{});
    tile.each([&](int k, int w) {
      const int c = tile.column(k, w);
      rank[w] += comes_before(x[k][w], c, label_logit[w], label[w]);
      sum[w] += c < p.cols ? x[k][w] : A(0);  // without padding, which is -infinity
      power[k][w] = math::exp(x[k][w] - max[w]);
      exp_sum[w] += power[k][w];
    });
    tile.sum(exp_sum, sum, rank);

    const auto row_sums = [&](int w) { return LogitSums<A>{max[w], exp_sum[w], sum[w], rank[w]}; };
    for (int r = 0; r < Tile::kRows; ++r)
      if (tile.leads() && tile.has_row(r))
        add_row_loss(sums, tile.row(r), label[r], target[r], p.smoothing, p.cols, row_sums(r));

    if (!p.gradient) continue;
    RowGrad<PerRow<A, Tile::kWidth>> grad;
    for (int w = 0; w < Tile::kWidth; ++w) {
      const RowGrad<A> g = row_grad(row_sums(w), weights, share, p.smoothing, p.cols);
      grad.scale[w] = g.scale, grad.label[w] = g.label, grad.second[w] = g.second, grad.uniform[w] = g.uniform;
    }
    // Whether there are second labels is asked once, outside of the loop over columns.
    const auto store = [&](auto has_second) {
      tile.store(p.gradient, false, [&](int k, int w) {
        const int c = tile.column(k, w);
        A labelled = c == label[w] ? grad.label[w] : A(0);
        if constexpr (has_second.value) labelled += c == second[w] ? grad.second[w] : A(0);
        const A value = grad.scale[w] * (power[k][w] - labelled - grad.uniform[w]);
        return label[w] < 0 ? A(0) : value;  // an ignored row may hold NaN
      });
    };
    p.second.labels ? store(std::true_type{}) : store(std::false_type{});
  }
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
}

/// Expresses the sums of a row with respect to another maximum.
template <class A>
__device__ __forceinline__ void rescale(LogitSums<A>& x, A max) {
  // Equal maxima may both be infinite, whose difference is not a number.
  x.exp_sum *= math::exp(x.max == max ? A(0) : x.max - max);
  x.max = max;
}

/// Adds some columns of a row of logits to a thread's sums.
template <int kThreads, class T, class Range, class A = acc_t<T>>
__device__ __forceinline__ void add_columns(const T* logits, Range columns, int label, A label_logit,
                                            LogitSums<A>& own) {
  const A max = math::max(loop_max<A>(columns, [&](int c) { return to_acc(logits[c]); }), own.max);
  A exp_sum = 0, sum = 0, rank = 0;
#ifdef SOFTGPU
#pragma omp simd reduction(+ : exp_sum, sum, rank)
#endif
  for (int c = columns.first; c < columns.last; c += kThreads) {
    const A x = to_acc(logits[c]);
    rank += comes_before(x, c, label_logit, label);
    sum += x;
    exp_sum += math::exp(x - max);
  }
  rescale(own, max);
  own.exp_sum += exp_sum;
  own.sum += sum;
  own.rank += rank;
}

/// Rows of any length: a block to each. It goes through a row in chunks that stay in registers or in the first-level
/// cache, and rescales its sums where a chunk has a larger logit than those before, so that maximum and sums need one
/// pass over memory. The gradient goes backwards through the row: what was read last is still in the cache.
template <int kThreads, class T>
__global__ void long_cross_entropy_kernel(CrossEntropy<T> p) {
  using A = acc_t<T>;
  constexpr int kChunk = kLongRowChunk<kThreads>;
  const int64_t row = blockIdx.x;
  const T* logits = p.logits + row * p.cols;
  const A share = p.gradient ? row_share<kThreads>(p.sink, p.labels, p.second.labels, p.rows, p.cols) : A(0);
  const LabelWeights<A> weights(p.second);
  const RowLabels labels = row_labels(p.labels, p.second, weights, row, p.cols);
  const A label_logit = labels.label >= 0 ? to_acc(logits[labels.label]) : A(0);

  LogitSums<A> own{-A(INFINITY), 0, 0, 0};
  for (int begin = 0; begin < p.cols; begin += kChunk)
    add_columns<kThreads>(logits, strided<kThreads>(begin, math::min(begin + kChunk, p.cols)), labels.label,
                          label_logit, own);
  // The threads agree on the maximum before they add what refers to it. block_max and block_sum have the barriers.
  rescale(own, block_max<kThreads>(own.max));
  const LogitSums<A> x{own.max, block_sum<kThreads>(own.exp_sum), block_sum<kThreads>(own.sum),
                       block_sum<kThreads>(own.rank)};

  LossSums sums = no_rows();
  if (thread_index<kThreads>() == 0)
    add_row_loss(sums, row, labels.label, target_logit(logits, labels, weights), p.smoothing, p.cols, x);
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
  if (!p.gradient) return;

  const RowGrad<A> grad = row_grad(x, weights, share, p.smoothing, p.cols);
  T* __restrict__ gradient = p.gradient + row * p.cols;
  const auto store = [&](auto has_second) {
    for (int begin = (p.cols - 1) / kChunk * kChunk; begin >= 0; begin -= kChunk)
      for (int c : strided<kThreads>(begin, math::min(begin + kChunk, p.cols))) {
        A labelled = c == labels.label ? grad.label : A(0);
        if constexpr (has_second.value) labelled += c == labels.second ? grad.second : A(0);
        const A value = grad.scale * (math::exp(to_acc(logits[c]) - x.max) - labelled - grad.uniform);
        gradient[c] = from_acc<T>(labels.label < 0 ? A(0) : value);
      }
  };
  p.second.labels ? store(std::true_type{}) : store(std::false_type{});
}

template <class T>
void cross_entropy(const T* logits, const int32_t* labels, const SecondLabels& second, int64_t rows, int classes,
                   double label_smoothing, const LogitLossOutputs<T>& outputs, cudaStream_t stream) {
  using A = acc_t<T>;
  const CrossEntropy<T> p{.logits = logits,
                          .labels = labels,
                          .second = second,
                          .rows = rows,
                          .cols = classes,
                          .smoothing = A(label_smoothing),
                          .gradient = outputs.gradient,
                          .sink = begin_loss(outputs, labels, second, rows, classes, stream)};
  const int rows_in_block = rows_per_block(classes);
  int64_t blocks = blocks_for(rows, rows_in_block);
  const bool in_registers = with_row_tile<A>(classes, [&]<int kColumns>() {
    launch<256>(CUCURBIT_KERNEL(short_cross_entropy_kernel, tile_columns<A, kThreads, kColumns>, T), blocks, stream, p,
                rows_in_block);
  });
  if (!in_registers) {
    blocks = rows;
    launch<256>(CUCURBIT_KERNEL(long_cross_entropy_kernel, T), blocks, stream, p);
  }
  finish_loss(p.sink, blocks, labels, classes, stream);
}

#define CUCURBIT_INSTANTIATE(T)                                                                    \
  template void cross_entropy(const T*, const int32_t*, const SecondLabels&, int64_t, int, double, \
                              const LogitLossOutputs<T>&, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
