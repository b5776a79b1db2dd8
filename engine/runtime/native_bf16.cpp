#include "engine/runtime/native_bf16.h"

#include <cuda_runtime.h>

#include "engine/runtime/check.h"
#ifdef SOFTGPU
#include <cpuid.h>
#endif

namespace cucurbit {

#ifdef SOFTGPU
bool native_bf16() {
  // Intel's manual, CPUID leaf 7: sub-leaf 1 EAX bit 5 is AVX512_BF16, sub-leaf 0 EDX bit 22 AMX-BF16.
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1)) return true;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1);
}
#else
bool native_bf16() {
  int device = 0, major = 0;
  check_cuda(cudaGetDevice(&device), "device");
  check_cuda(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "device");
  return major >= 8;
}
#endif

}  // namespace cucurbit
