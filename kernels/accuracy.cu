#include "kernels/accuracy.h"
#include "kernels/device/numeric.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
constexpr int kRowsInBlock = 64;

__device__ __forceinline__ void atomic_add(int64_t* sum, int64_t value) {
  using Word = unsigned long long;
  if (value != 0) atomicAdd(reinterpret_cast<Word*>(sum), Word(value));
}

/// A column and its value, ordered by value and then by lower column.
template <class A>
struct Best {
  A value;
  int column;
};
template <class A>
__device__ __forceinline__ Best<A> better(Best<A> a, Best<A> b) {
  return b.value > a.value || (b.value == a.value && b.column < a.column) ? b : a;
}

template <int kThreads, class A>
__device__ __forceinline__ Best<A> warp_best(Best<A> best) {
  if constexpr (kThreads > 1)
    for (int offset = kLanes<kThreads> / 2; offset > 0; offset /= 2)
      best = better(best,
                    {__shfl_xor_sync(kFullMask, best.value, offset), __shfl_xor_sync(kFullMask, best.column, offset)});
  return best;
}

/// Rows of this block: [first, last).
__device__ __forceinline__ int64_t first_row() { return int64_t(blockIdx.x) * kRowsInBlock; }
__device__ __forceinline__ int rows_here(int64_t rows) {
  return int(math::min(rows - first_row(), int64_t(kRowsInBlock)));
}

/// The column of the largest of a row, -1 if it holds a NaN; every lane of the warp gets it.
template <int kThreads, class T>
__device__ __forceinline__ int warp_argmax(const T* row, int cols) {
  using A = acc_t<T>;
  Best<A> best{-A(INFINITY), cols};
  int nans = 0;
  for (int c : lane_strided<kThreads>(cols)) {
    const A value = to_acc(row[c]);
    best = better(best, {value, c});
    nans += value != value;
  }
  best = warp_best<kThreads>(best);
  return warp_sum<kThreads>(nans) > 0 ? -1 : best.column;
}
}  // namespace

/// A warp per row.
template <int kThreads, class T>
__global__ void count_accuracy_kernel(const T* logits, const int32_t* labels, int64_t rows, int classes, int k,
                                      AccuracyCounts* counts, int64_t* confusion) {
  using A = acc_t<T>;
  int counted = 0, top1 = 0, top_k = 0, skipped = 0;
  for (int r : warp_strided<kThreads>(rows_here(rows))) {
    const T* row = logits + (first_row() + r) * classes;
    const int label = labels[first_row() + r];
    const bool known = label >= 0 && label < classes;
    const A target = known ? to_acc(row[label]) : A(0);
    const int rank = warp_sum<kThreads>(loop_sum<int>(lane_strided<kThreads>(classes), [&](int c) {
      const A value = to_acc(row[c]);
      return (value <= target ? 0 : 1) + (value == target ? (c < label ? 1 : 0) : 0);
    }));
    const int predicted = confusion != nullptr && known ? warp_argmax<kThreads>(row, classes) : -1;
    if (lane_index<kThreads>() != 0) continue;  // all lanes have the rank; one of them counts the row
    if (predicted >= 0) atomic_add(confusion + int64_t(label) * classes + predicted, 1);
    counted += known;
    skipped += !known;
    top1 += known && rank < 1;
    top_k += known && rank < k;
  }
  // Lane 0 of each warp has counts, the other lanes have 0: every thread of the block takes part in the sums.
  counted = block_sum<kThreads>(counted);
  skipped = block_sum<kThreads>(skipped);
  top1 = block_sum<kThreads>(top1);
  top_k = block_sum<kThreads>(top_k);
  if (thread_index<kThreads>() != 0) return;
  atomic_add(&counts->rows, counted);
  atomic_add(&counts->top1, top1);
  atomic_add(&counts->top_k, top_k);
  atomic_add(&counts->skipped, skipped);
}

template <class T>
void count_accuracy(const T* logits, const int32_t* labels, int64_t rows, int classes, int k, AccuracyCounts* counts,
                    int64_t* confusion, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(count_accuracy_kernel, T), blocks_for(rows, kRowsInBlock), stream, logits, labels, rows,
              classes, k, counts, confusion);
}

#define CUCURBIT_INSTANTIATE(T) \
  template void count_accuracy(const T*, const int32_t*, int64_t, int, int, AccuracyCounts*, int64_t*, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
