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
  const A share = p.gradient ? gradient_share<kThreads, A>(p.sink, p.labels, p.rows, p.cols) : A(0);
  LossSums sums = no_rows();
  for (Tile tile(first, last, p.cols); tile.any(); tile.next()) {
    A s[Tile::kSteps][Tile::kWidth], t[kTeacher ? Tile::kSteps : 1][Tile::kWidth], e[Tile::kSteps][Tile::kWidth];
    PerRow<A, Tile::kWidth> largest, teacher_largest, target;
    PerRow<int, Tile::kWidth> label;
    tile.load(p.student, s, -A(INFINITY));
    if constexpr (kTeacher) tile.load(p.teacher, t, -A(INFINITY));
    for (int w = 0; w < Tile::kWidth; ++w) largest[w] = teacher_largest[w] = -A(INFINITY);
    for (int r = 0; r < Tile::kRows; ++r) {
      label[r] = tile.has_row(r) ? row_label(p, tile.row(r)) : kIgnored;
      target[r] = label[r] >= 0 ? to_acc(p.student[tile.row(r) * p.cols + label[r]]) : A(0);
    }
    tile.spread(label);
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
      if (tile.leads() && tile.has_row(r)) add_row(p, tile.row(r), label[r], target[r], row_sums(r), sums);
    if (!p.gradient) continue;
    RowSlope<PerRow<A, Tile::kWidth>> slope;
    for (int w = 0; w < Tile::kWidth; ++w) {
      const RowSlope<A> g = row_slope(p, share, label[w], row_sums(w));
      slope.hard[w] = g.hard, slope.top[w] = g.top, slope.floor[w] = g.floor, slope.soft[w] = g.soft;
      slope.ratio[w] = g.ratio;
    }
    tile.store(p.gradient, false, [&](int k, int w) {
      const A top = tile.column(k, w) == label[w] ? slope.top[w] : A(0);
      A value = slope.hard[w] * (e[k][w] - top - slope.floor[w]);
      if constexpr (kTeacher) value += slope.soft[w] * (s[k][w] - t[k][w] * slope.ratio[w]);
      return label[w] < kUnlabelled ? A(0) : value;
    });
  }
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
}

}  // namespace cucurbit::kernels
