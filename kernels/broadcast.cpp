#include <algorithm>

#include "kernels/binary.h"

namespace cucurbit {

namespace {
/// Size of the dimension that is `place` from the last.
int64_t from_last(const std::vector<int64_t>& dims, size_t place) {
  return place < dims.size() ? dims[dims.size() - 1 - place] : 1;
}
}  // namespace

bool Broadcast::covers(Operand operand) const {
  for (int axis = 0; axis < rank; ++axis)
    if (stride(operand, axis) == 0 && size[axis] != 1) return false;
  return true;
}

bool broadcast_shape(const std::vector<int64_t>& a, const std::vector<int64_t>& b, std::vector<int64_t>& result) {
  result.assign(std::max(a.size(), b.size()), 1);
  for (size_t place = 0; place < result.size(); ++place) {
    const int64_t in_a = from_last(a, place), in_b = from_last(b, place);
    if (in_a != in_b && in_a != 1 && in_b != 1) return false;
    result[result.size() - 1 - place] = in_a == 1 ? in_b : in_a;
  }
  return true;
}

Broadcast make_broadcast(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  struct Axis {
    int64_t size;
    bool in_a, in_b;  // false where broadcast
  };
  std::vector<Axis> axes;  // fastest first
  for (size_t place = 0; place < std::max(a.size(), b.size()); ++place) {
    const int64_t in_a = from_last(a, place), in_b = from_last(b, place);
    const Axis axis{in_a == 1 ? in_b : in_a, in_a != 1, in_b != 1};
    if (axis.size == 1) continue;
    if (!axes.empty() && axes.back().in_a == axis.in_a && axes.back().in_b == axis.in_b)
      axes.back().size *= axis.size;
    else
      axes.push_back(axis);
  }
  Broadcast layout;
  if (axes.empty()) return layout;
  layout.rank = int(axes.size());
  int64_t step_a = 1, step_b = 1;
  for (int place = 0; place < layout.rank; ++place) {
    const Axis& axis = axes[place];
    const int at = layout.rank - 1 - place;
    layout.size[at] = axis.size;
    layout.stride_a[at] = axis.in_a ? step_a : 0;
    layout.stride_b[at] = axis.in_b ? step_b : 0;
    if (axis.in_a) step_a *= axis.size;
    if (axis.in_b) step_b *= axis.size;
    layout.elements *= axis.size;
  }
  return layout;
}

}  // namespace cucurbit
