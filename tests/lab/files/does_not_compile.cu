// A file with errors that the compiler must report at the lines that cause them.
#include <lab.h>

__global__ void store(int* out, int value) { *out = value + missing; }

LAB_TEST(stores) {
  lab::Array<int> out(1);
  lab::Array<float> other(1);
  store<<<1, 1>>>(out, 1);
  store<<<1, 1>>>(other, 1);
}
