#pragma once

#include "kernels/logit_loss_row.cuh"
#include "kernels/row_tile.cuh"

namespace cucurbit::kernels {

/// Rows in registers: each logit is read once.
template <int kThreads, int kLanesPerRow, int kPerLane, class T, class V>
__global__ void logit_loss_kernel(LogitLoss<T, V> p, int rows_in_block) {
  using A = acc_t<T>;
  using Tile = RowTile<kThreads, kLanesPerRow, kPerLane>;
  constexpr bool kTeacher = LogitLoss<T, V>::kTeacher;
  const int64_t first = int64_t(blockIdx.x) * rows_in_block;
  const int64_t last = first + rows_in_block < p.rows ? first + rows_in_block : p.rows;
  const A share = p.gradient ? gradient_share<kThreads, A>(p.sink, p.labels, p.second.labels, p.rows, p.cols) : A(0);
  const LabelWeights<A> weights(p.second);
  LossSums sums = no_rows();
  for (Tile tile(first, last, p.cols); tile.any(); tile.next()) {
    A s[Tile::kSteps][Tile::kWidth], t[kTeacher ? Tile::kSteps : 1][Tile::kWidth], e[Tile::kSteps][Tile::kWidth];
    PerRow<A, Tile::kWidth> largest, teacher_largest, target, wanted;
    PerRow<int, Tile::kWidth> label, other;
    tile.load(p.student, s, -A(INFINITY));
    if constexpr (kTeacher) tile.load(p.teacher, t, -A(INFINITY));
    for (int w = 0; w < Tile::kWidth; ++w) largest[w] = teacher_largest[w] = -A(INFINITY);
    for (int r = 0; r < Tile::kRows; ++r) {
      const RowLabels labels = tile.has_row(r) ? row_labels(p, weights, tile.row(r)) : RowLabels{kIgnored, -1};
      const T* row = p.student + tile.row(r) * p.cols;
      label[r] = labels.label;
      other[r] = labels.other;
      target[r] = label[r] >= 0 ? to_acc(row[label[r]]) : A(0);
      wanted[r] = wanted_logit(row, labels, weights);
    }
    tile.spread(label);
    tile.spread(other);
    tile.spread(target);

    tile.each([&](int k, int w) {
      largest[w] = math::max(s[k][w], largest[w]);
      if constexpr (kTeacher) teacher_largest[w] = math::max(t[k][w], teacher_largest[w]);
    });
    tile.reduce(largest, Maximum{});
    if constexpr (kTeacher) tile.reduce(teacher_largest, Maximum{});

    PerRow<A, Tile::kWidth> hard{}, soft{}, teacher{}, cross{}, total{}, beaten{};
    tile.each([&](int k, int w) {
      const int c = tile.column(k, w);
      const A value = s[k][w], below = value - largest[w];
      beaten[w] += comes_before(value, c, target[w], label[w]);
      total[w] += c < p.cols ? value : A(0);
      e[k][w] = math::exp(below);
      hard[w] += e[k][w];
      if constexpr (kTeacher) {
        const A weight = math::exp((t[k][w] - teacher_largest[w]) * p.inverse_temperature);
        cross[w] += weight > 0 ? weight * ((t[k][w] - value) * p.inverse_temperature) : A(0);
        teacher[w] += weight;
        t[k][w] = weight;
        s[k][w] = math::exp(below * p.inverse_temperature);
        soft[w] += s[k][w];
      }
    });
    tile.sum(hard, total, beaten);
    if constexpr (kTeacher) tile.sum(soft, teacher, cross);

    const auto row_sums = [&](int w) {
      return RowSums<A>{largest[w], teacher_largest[w], hard[w], soft[w], teacher[w], cross[w], total[w], beaten[w]};
    };
    for (int r = 0; r < Tile::kRows; ++r)
      if (tile.leads() && tile.has_row(r)) add_row(p, tile.row(r), label[r], wanted[r], row_sums(r), sums);
    if (!p.gradient) continue;
    RowSlope<PerRow<A, Tile::kWidth>> slope;
    for (int w = 0; w < Tile::kWidth; ++w) {
      const RowSlope<A> g = row_slope(p, weights, share, label[w], row_sums(w));
      slope.hard[w] = g.hard, slope.top[w] = g.top, slope.floor[w] = g.floor, slope.soft[w] = g.soft;
      slope.ratio[w] = g.ratio, slope.rest[w] = g.rest;
    }
    const auto store = [&](auto mixed) {
      tile.store(p.gradient, false, [&](int k, int w) {
        const int c = tile.column(k, w);
        A top = c == label[w] ? slope.top[w] : A(0);
        if constexpr (mixed.value) top += c == other[w] ? slope.rest[w] : A(0);
        A value = slope.hard[w] * (e[k][w] - top - slope.floor[w]);
        if constexpr (kTeacher) value += slope.soft[w] * (s[k][w] - t[k][w] * slope.ratio[w]);
        return label[w] < kUnlabelled ? A(0) : value;
      });
    };
    p.second.labels ? store(std::true_type{}) : store(std::false_type{});
  }
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
}

}  // namespace cucurbit::kernels
