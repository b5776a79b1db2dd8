// A search steps over the element that would end it, and continues forever.
// ptxrun: sees
#include <lab.h>

__global__ void steps_to(int target, int stride, int* steps) {
  volatile int at = 0;
  int count = 0;
  while (at != target) {
    at = (at + stride) % 1024;  // PLANTED memcheck time-limit
    ++count;
  }
  *steps = count;
}

LAB_TEST(defect) {
  lab::Array<int> steps = lab::zeros<int>(1);
  steps_to<<<1, 1>>>(7, 2, steps);
  lab::expect(steps, std::vector<int>{0});
}

LAB_TEST(mended) {
  lab::Array<int> steps = lab::zeros<int>(1);
  steps_to<<<1, 1>>>(7, 1, steps);
  lab::expect(steps, std::vector<int>{7});
}
