#include "engine/ops/channels.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/channels.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// [..., C] as a matrix.
struct Matrix {
  int64_t rows;
  int cols;
};

Matrix matrix_of(const char* op, const Tensor& x) {
  if (!x || x.rank() == 0 || x.dim(-1) > INT32_MAX)
    throw Error(ErrorKind::input, fmt::format("[{}] {}: expected [..., C], C below 2^31", op, describe(x)));
  int64_t rows = 1;
  for (int axis = 0; axis + 1 < x.rank(); ++axis) rows *= x.dim(axis);
  return {rows, int(x.dim(-1))};
}

Shape with_channels(const Shape& shape, int64_t channels) {
  std::vector<int64_t> dims = shape.dims();
  dims.back() = channels;
  return Shape(dims);
}

/// `count` columns of x from column x_begin on, into y from column y_begin on.
void copy(const Tensor& x, int x_begin, const Tensor& y, int y_begin, int count, bool accumulate) {
  const Matrix from = matrix_of("copy_columns", x), to = matrix_of("copy_columns", y);
  dispatch_float(x.dtype(), "copy_columns", [&]<class T>(Type<T>) {
    kernels::copy_columns(x.data<T>() + x_begin, from.cols, y.data<T>() + y_begin, to.cols, from.rows, count,
                          accumulate, stream());
  });
}

int64_t total_channels(const std::vector<Tensor>& parts) {
  if (parts.empty()) throw Error(ErrorKind::input, "[concat_channels] no parts: expected at least one");
  int64_t channels = 0;
  for (const Tensor& part : parts) {
    matrix_of("concat_channels", part);
    if (part.dtype() != parts[0].dtype() || with_channels(part.shape(), 0) != with_channels(parts[0].shape(), 0))
      throw Error(ErrorKind::input,
                  fmt::format("[concat_channels] {} and {}: types and all dimensions but the channels must be equal",
                              describe(part), describe(parts[0])));
    channels += part.dim(-1);
  }
  return channels;
}
}  // namespace

Tensor concat_channels(const std::vector<Tensor>& parts) {
  Tensor y =
      Tensor::empty(with_channels(parts.empty() ? Shape{} : parts[0].shape(), total_channels(parts)), parts[0].dtype());
  const OpScope scope("concat_channels", [&] { return moves(y, 2); });
  int begin = 0;
  for (const Tensor& part : parts) {
    copy(part, 0, y, begin, int(part.dim(-1)), false);
    begin += int(part.dim(-1));
  }
  record(y, parts, [parts](const Tensor& dy) {
    const OpScope scope("concat_channels backward", [&] { return moves(dy, 2); });
    int begin = 0;
    for (const Tensor& part : parts) {
      const int count = int(part.dim(-1));
      if (wants_gradient(part)) {
        const GradientTarget dx = gradient_target(part);
        copy(dy, begin, dx.tensor, 0, count, dx.accumulate);
      }
      begin += count;
    }
  });
  return y;
}

Tensor slice_channels(const Tensor& x, int64_t begin, int64_t end) {
  const Matrix matrix = matrix_of("slice_channels", x);
  if (begin < 0 || end < begin || end > matrix.cols)
    throw Error(ErrorKind::input,
                fmt::format("[slice_channels] {} to {} of {}: outside the channels", begin, end, describe(x)));
  const int count = int(end - begin);
  Tensor y = Tensor::empty(with_channels(x.shape(), count), x.dtype());
  const OpScope scope("slice_channels", [&] { return moves(y, 2); });
  copy(x, int(begin), y, 0, count, false);
  record(y, {x}, [x, begin, count](const Tensor& dy) {
    const OpScope scope("slice_channels backward", [&] { return moves(dy, 2); });
    const GradientTarget dx = gradient_target(x);
    if (!dx.accumulate) dx.tensor.fill_zero();
    copy(dy, 0, dx.tensor, int(begin), count, dx.accumulate);
  });
  return y;
}

Tensor shuffle_channels(const Tensor& x, int groups) {
  const Matrix matrix = matrix_of("shuffle_channels", x);
  if (groups < 1 || matrix.cols % groups)
    throw Error(ErrorKind::input, fmt::format("[shuffle_channels] {} groups do not divide {}", groups, describe(x)));
  if (groups == 1) return x;
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  const auto run = [=](const Tensor& from, const Tensor& to, bool inverse, bool accumulate) {
    dispatch_float(from.dtype(), "shuffle_channels", [&]<class T>(Type<T>) {
      kernels::shuffle_columns(from.data<T>(), to.data<T>(), matrix.rows, matrix.cols, groups, inverse, accumulate,
                               stream());
    });
  };
  const OpScope scope("shuffle_channels", [&] { return moves(x, 2); });
  run(x, y, false, false);
  record(y, {x}, [x, run](const Tensor& dy) {
    const OpScope scope("shuffle_channels backward", [&] { return moves(dy, 2); });
    const GradientTarget dx = gradient_target(x);
    run(dy, dx.tensor, true, dx.accumulate);
  });
  return y;
}

Tensor interleave_channels(const Tensor& a, const Tensor& b) {
  matrix_of("interleave_channels", a);
  if (!b || a.shape() != b.shape() || a.dtype() != b.dtype())
    throw Error(ErrorKind::input, fmt::format("[interleave_channels] {} and {}: types and shapes must be equal",
                                              describe(a), describe(b)));
  Tensor y = Tensor::empty(with_channels(a.shape(), 2 * a.dim(-1)), a.dtype());
  const OpScope scope("interleave_channels", [&] { return moves(y, 2); });
  dispatch_float(a.dtype(), "interleave_channels", [&]<class T>(Type<T>) {
    kernels::interleave(a.data<T>(), b.data<T>(), y.data<T>(), a.size(), stream());
  });
  record(y, {a, b}, [a, b](const Tensor& dy) {
    const OpScope scope("interleave_channels backward", [&] { return moves(dy, 2); });
    const auto pass = [&](bool into_a, bool into_b) {
      GradientTarget da{}, db{};
      if (into_a) da = gradient_target(a);
      if (into_b) db = gradient_target(b);
      dispatch_float(dy.dtype(), "interleave_channels", [&]<class T>(Type<T>) {
        const auto data = [](const GradientTarget& target) {
          return target.tensor ? target.tensor.data<T>() : nullptr;
        };
        kernels::deinterleave(dy.data<T>(), data(da), da.accumulate, data(db), db.accumulate, a.size(), stream());
      });
    };
    const bool for_a = wants_gradient(a), for_b = wants_gradient(b);
    const bool shared = for_a && for_b && a.gradient() == b.gradient();  // b's gradient is added to what a's wrote
    pass(for_a, for_b && !shared);
    if (shared) pass(false, true);
  });
  return y;
}

}  // namespace cucurbit
