// Launches one block per row along y, where a grid may have at most 65535 blocks.
// ptxrun: sees
#include <lab.h>

constexpr int kRows = 70000;

__global__ void label(int* rows) { rows[blockIdx.x + blockIdx.y] = int(blockIdx.x + blockIdx.y); }

LAB_TEST(defect) {
  lab::Array<int> rows = lab::zeros<int>(kRows);
  label<<<dim3(1, kRows), 1>>>(rows);  // PLANTED launch grid-size
  lab::expect(rows, [](size_t i) { return int(i); });
}

LAB_TEST(mended) {
  lab::Array<int> rows = lab::zeros<int>(kRows);
  label<<<dim3(kRows, 1), 1>>>(rows);
  lab::expect(rows, [](size_t i) { return int(i); });
}
