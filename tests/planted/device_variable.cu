// Every thread adds to a __device__ variable without an atomic operation.
// ptxrun: sees
#include <lab.h>

__device__ int visits;

__global__ void visit() {
  visits += 1;  // PLANTED racecheck race-device-variable
}

__global__ void visit_mended() { atomicAdd(&visits, 1); }

__global__ void start(int value) { visits = value; }

__global__ void read_visits(int* result) { *result = visits; }

void count(void (*kernel)()) {
  lab::Array<int> result(1);
  start<<<1, 1>>>(0);
  kernel<<<1, 64>>>();
  read_visits<<<1, 1>>>(result);
  lab::expect(result, std::vector<int>{64});
}

LAB_TEST(defect) { count(visit); }

LAB_TEST(mended) { count(visit_mended); }
