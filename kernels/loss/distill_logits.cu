#include "kernels/host/launch.h"
#include "kernels/loss/distill_logits.h"
#include "kernels/loss/distill_row.cuh"
#include "kernels/row_tile.cuh"

/// Both terms and their gradient from one read of the logits. The kernels have the form of those of cross_entropy.cu,
/// which is the place to begin; here a teacher's row goes along with each row of the student's.
namespace cucurbit::kernels {

/// Rows in registers, rows_in_block of them to a block; RowTile shows which lane holds which column.
template <int kThreads, int kColumns, class T, class V>
__global__ void short_distill_kernel(DistillLogits<T, V> p, int rows_in_block) {
  using A = acc_t<T>;
  using Tile = RowTile<kThreads, kColumns>;
  const int64_t first = int64_t(blockIdx.x) * rows_in_block;
  const int64_t last = math::min(first + rows_in_block, p.rows);
  const A share = p.gradient ? row_share<kThreads>(p.sink, p.labels, p.second.labels, p.rows, p.cols) : A(0);
  const DistillFactors<A> f = p.factors();
  const LabelWeights<A> weights(p.second);
  LossSums sums = no_rows();
  for (Tile tile(first, last, p.cols); tile.any(); tile.next()) {
    A s[Tile::kSteps][Tile::kWidth];         // the student's logits, then e^((s - max)/T)
    A t[Tile::kSteps][Tile::kWidth];         // the teacher's logits, then e^((t - max)/T)
    A exp_task[Tile::kSteps][Tile::kWidth];  // e^(s - max)
    PerRow<int, Tile::kWidth> label, second;
    PerRow<A, Tile::kWidth> label_logit, target;
    tile.load(p.student, s, -A(INFINITY));  // padding is never the maximum, and its exponential is 0
    tile.load(p.teacher, t, -A(INFINITY));
    for (int r = 0; r < Tile::kRows; ++r) {
      const RowLabels labels = tile.has_row(r) ? p.labels_of(weights, tile.row(r)) : RowLabels{kIgnored, kNoLabel};
      const T* row = p.student + tile.row(r) * p.cols;
      label[r] = labels.label;
      second[r] = labels.second;
      label_logit[r] = labels.label >= 0 ? to_acc(row[labels.label]) : A(0);
      target[r] = target_logit(row, labels, weights);
    }
    tile.spread(label);
    tile.spread(second);
    tile.spread(label_logit);

    PerRow<A, Tile::kWidth> student_max, teacher_max;
    for (int w = 0; w < Tile::kWidth; ++w) student_max[w] = teacher_max[w] = -A(INFINITY);
    tile.each([&](int k, int w) {
      student_max[w] = math::max(s[k][w], student_max[w]);
      teacher_max[w] = math::max(t[k][w], teacher_max[w]);
    });
    tile.reduce(student_max, Maximum{});
    tile.reduce(teacher_max, Maximum{});

    PerRow<A, Tile::kWidth> exp_sum{}, student_sum{}, teacher_sum{}, cross{}, sum{}, rank{};
    tile.each([&](int k, int w) {
      const int c = tile.column(k, w);
      const A value = s[k][w], below = value - student_max[w];
      rank[w] += comes_before(value, c, label_logit[w], label[w]);
      sum[w] += c < p.cols ? value : A(0);
      exp_task[k][w] = math::exp(below);
      exp_sum[w] += exp_task[k][w];
      const A weight = math::exp((t[k][w] - teacher_max[w]) * f.inverse_temperature);
      cross[w] += weight > 0 ? weight * ((t[k][w] - value) * f.inverse_temperature) : A(0);  // 0, not 0 * infinity
      teacher_sum[w] += weight;
      t[k][w] = weight;
      s[k][w] = math::exp(below * f.inverse_temperature);
      student_sum[w] += s[k][w];
    });
    tile.sum(exp_sum, sum, rank);
    tile.sum(student_sum, teacher_sum, cross);

    const auto row_sums = [&](int w) {
      return DistillSums<A>{student_max[w], teacher_max[w], exp_sum[w], student_sum[w],
                            teacher_sum[w], cross[w],       sum[w],     rank[w]};
    };
    for (int r = 0; r < Tile::kRows; ++r)
      if (tile.leads() && tile.has_row(r)) add_row_loss(p, f, tile.row(r), label[r], target[r], row_sums(r), sums);

    if (!p.gradient) continue;
    DistillGrad<PerRow<A, Tile::kWidth>> grad;
    for (int w = 0; w < Tile::kWidth; ++w) {
      const DistillGrad<A> g = row_grad(p, f, weights, share, label[w], row_sums(w));
      grad.task[w] = g.task, grad.label[w] = g.label, grad.second[w] = g.second, grad.uniform[w] = g.uniform;
      grad.distill[w] = g.distill, grad.ratio[w] = g.ratio;
    }
    const auto store = [&](auto has_second) {
      tile.store(p.gradient, false, [&](int k, int w) {
        const int c = tile.column(k, w);
        A labelled = c == label[w] ? grad.label[w] : A(0);
        if constexpr (has_second.value) labelled += c == second[w] ? grad.second[w] : A(0);
        A value = grad.task[w] * (exp_task[k][w] - labelled - grad.uniform[w]);
        value += grad.distill[w] * (s[k][w] - t[k][w] * grad.ratio[w]);
        return label[w] < kNoLabel ? A(0) : value;  // an ignored row may hold NaN
      });
    };
    p.second.labels ? store(std::true_type{}) : store(std::false_type{});
  }
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
}

/// Expresses the sums of a row with respect to other maxima.
template <class A>
__device__ __forceinline__ void rescale(DistillSums<A>& r, A student_max, A teacher_max, A inverse_temperature) {
  // Equal maxima may both be infinite, whose difference is not a number.
  const A student = r.student_max == student_max ? A(0) : r.student_max - student_max;
  const A teacher = r.teacher_max == teacher_max ? A(0) : r.teacher_max - teacher_max;
  r.exp_sum *= math::exp(student);
  r.student_sum *= math::exp(student * inverse_temperature);
  const A factor = math::exp(teacher * inverse_temperature);
  r.teacher_sum *= factor;
  r.cross *= factor;
  r.student_max = student_max;
  r.teacher_max = teacher_max;
}

/// Adds some columns of a row to a thread's sums.
template <int kThreads, class T, class V, class Range, class A = acc_t<T>>
__device__ __forceinline__ void add_columns(const T* s, const V* t, Range columns, int label, A label_logit,
                                            A inverse_temperature, DistillSums<A>& own) {
  const A student_max = math::max(loop_max<A>(columns, [&](int c) { return to_acc(s[c]); }), own.student_max);
  const A teacher_max = math::max(loop_max<A>(columns, [&](int c) { return to_acc(t[c]); }), own.teacher_max);
  A exp_sum = 0, student_sum = 0, teacher_sum = 0, cross = 0, sum = 0, rank = 0;
#ifdef SOFTGPU
#pragma omp simd reduction(+ : exp_sum, student_sum, teacher_sum, cross, sum, rank)
#endif
  for (int c = columns.first; c < columns.last; c += kThreads) {
    const A value = to_acc(s[c]), below = value - student_max, other = to_acc(t[c]);
    rank += comes_before(value, c, label_logit, label);
    sum += value;
    exp_sum += math::exp(below);
    const A weight = math::exp((other - teacher_max) * inverse_temperature);
    cross += weight > 0 ? weight * ((other - value) * inverse_temperature) : A(0);
    teacher_sum += weight;
    student_sum += math::exp(below * inverse_temperature);
  }
  rescale(own, student_max, teacher_max, inverse_temperature);
  own.exp_sum += exp_sum;
  own.student_sum += student_sum;
  own.teacher_sum += teacher_sum;
  own.cross += cross;
  own.sum += sum;
  own.rank += rank;
}

/// Combines what the threads of a block have of a row. They agree on the maxima before they add what refers to them;
/// the barriers are those of block_max and block_sum.
template <int kThreads, class A>
__device__ __forceinline__ DistillSums<A> whole_row(DistillSums<A> own, A inverse_temperature) {
  const A student_max = block_max<kThreads>(own.student_max);
  const A teacher_max = block_max<kThreads>(own.teacher_max);
  rescale(own, student_max, teacher_max, inverse_temperature);
  return {student_max,
          teacher_max,
          block_sum<kThreads>(own.exp_sum),
          block_sum<kThreads>(own.student_sum),
          block_sum<kThreads>(own.teacher_sum),
          block_sum<kThreads>(own.cross),
          block_sum<kThreads>(own.sum),
          block_sum<kThreads>(own.rank)};
}

/// Rows of any length: a block to each. The sums are rescaled whenever a maximum grows, so that one pass gives them; the
/// second pass, for the gradient, goes backwards: what was read last is still in the cache.
template <int kThreads, class T, class V>
__global__ void long_distill_kernel(DistillLogits<T, V> p) {
  using A = acc_t<T>;
  constexpr int kChunk = kLongRowChunk<kThreads>;
  const int64_t row = blockIdx.x;
  const T* s = p.student + row * p.cols;
  const V* t = p.teacher + row * p.cols;
  const A share = p.gradient ? row_share<kThreads>(p.sink, p.labels, p.second.labels, p.rows, p.cols) : A(0);
  const DistillFactors<A> f = p.factors();
  const LabelWeights<A> weights(p.second);
  const RowLabels labels = p.labels_of(weights, row);
  const A label_logit = labels.label >= 0 ? to_acc(s[labels.label]) : A(0);

  DistillSums<A> own{-A(INFINITY), -A(INFINITY), 0, 0, 0, 0, 0, 0};
  for (int begin = 0; begin < p.cols; begin += kChunk)
    add_columns<kThreads>(s, t, strided<kThreads>(begin, math::min(begin + kChunk, p.cols)), labels.label, label_logit,
                          f.inverse_temperature, own);
  const DistillSums<A> r = whole_row<kThreads>(own, f.inverse_temperature);

  LossSums sums = no_rows();
  if (thread_index<kThreads>() == 0) add_row_loss(p, f, row, labels.label, target_logit(s, labels, weights), r, sums);
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
  if (!p.gradient) return;

  const DistillGrad<A> grad = row_grad(p, f, weights, share, labels.label, r);
  T* __restrict__ gradient = p.gradient + row * p.cols;
  const auto store = [&](auto has_second) {
    for (int begin = (p.cols - 1) / kChunk * kChunk; begin >= 0; begin -= kChunk)
      for (int c : strided<kThreads>(begin, math::min(begin + kChunk, p.cols))) {
        const A below = to_acc(s[c]) - r.student_max;
        A labelled = c == labels.label ? grad.label : A(0);
        if constexpr (has_second.value) labelled += c == labels.second ? grad.second : A(0);
        A value = grad.task * (math::exp(below) - labelled - grad.uniform);
        value += grad.distill * (math::exp(below * f.inverse_temperature) -
                                 math::exp((to_acc(t[c]) - r.teacher_max) * f.inverse_temperature) * grad.ratio);
        gradient[c] = from_acc<T>(labels.label < kNoLabel ? A(0) : value);
      }
  };
  p.second.labels ? store(std::true_type{}) : store(std::false_type{});
}

template <class T, class V>
void distill_logits(const T* student, const V* teacher, const int32_t* labels, const SecondLabels& second, int64_t rows,
                    int classes, const DistillWeights& weights, const LogitLossOutputs<T>& outputs,
                    cudaStream_t stream) {
  using A = acc_t<T>;
  DistillLogits<T, V> p{.student = student,
                        .teacher = teacher,
                        .labels = labels,
                        .second = second,
                        .rows = rows,
                        .cols = classes,
                        .temperature = weights.temperature,
                        .constants = {.temperature = A(weights.temperature.constant),
                                      .inverse_temperature = A(1 / weights.temperature.constant),
                                      .task_weight = A(weights.task_weight.constant),
                                      .distill_weight = A(weights.distill_weight.constant)},
                        .smoothing = A(weights.label_smoothing),
                        .gradient = outputs.gradient,
                        .sink = begin_loss(outputs, labels, second, rows, classes, stream)};
  p.sink.task_weight = weights.task_weight;
  p.sink.distill_weight = weights.distill_weight;
  const int rows_in_block = rows_per_block(classes);
  int64_t blocks = blocks_for(rows, rows_in_block);
  const bool in_registers = with_row_tile<A>(classes, [&]<int kColumns>() {
    launch<256>(CUCURBIT_KERNEL(short_distill_kernel, tile_columns<A, kThreads, kColumns>, T, V), blocks, stream, p,
                rows_in_block);
  });
  if (!in_registers) {
    blocks = rows;
    launch<256>(CUCURBIT_KERNEL(long_distill_kernel, T, V), blocks, stream, p);
  }
  finish_loss(p.sink, blocks, labels, classes, stream);
}

#define CUCURBIT_INSTANTIATE(T, V)                                                                    \
  template void distill_logits(const T*, const V*, const int32_t*, const SecondLabels&, int64_t, int, \
                               const DistillWeights&, const LogitLossOutputs<T>&, cudaStream_t);
CUCURBIT_INSTANTIATE(float, float)
CUCURBIT_INSTANTIATE(bf16, bf16)
CUCURBIT_INSTANTIATE(bf16, float)
CUCURBIT_INSTANTIATE(float, bf16)
CUCURBIT_INSTANTIATE(double, double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
