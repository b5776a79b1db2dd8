#include "distill/run/environment.h"

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/runtime/check.h"
#include "engine/runtime/native_bf16.h"
#if CUCURBIT_HAS_CUDNN
#include <cudnn.h>
#endif

namespace cucurbit {

namespace {
std::string text_of_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
}  // namespace

std::string program_version() { return CUCURBIT_VERSION; }

nlohmann::json environment_json() {
  cudaDeviceProp device{};
  int runtime = 0, driver = 0, id = 0;
  check_cuda(cudaGetDevice(&id), "device");
  check_cuda(cudaGetDeviceProperties(&device, id), "device");
  check_cuda(cudaRuntimeGetVersion(&runtime), "device");
  check_cuda(cudaDriverGetVersion(&driver), "device");
  nlohmann::json environment{
      {"cucurbit", CUCURBIT_VERSION},
      {"compiler", __VERSION__},
      {"device", device.name},
      {"compute_capability", std::to_string(device.major) + "." + std::to_string(device.minor)},
      {"device_memory_mib", device.totalGlobalMem >> 20},
      {"native_bf16", native_bf16()},
      {"cuda_runtime", runtime},
      {"cuda_driver", driver},
      {"cublas", CUBLAS_VERSION},
      {"processors", sysconf(_SC_NPROCESSORS_ONLN)},
      {"OMP_NUM_THREADS", text_of_variable("OMP_NUM_THREADS")},
  };
#if CUCURBIT_HAS_CUDNN
  environment["cudnn"] = cudnnGetVersion();
#endif
#ifdef SOFTGPU
  environment["softgpu"] = true;
#endif
  return environment;
}

}  // namespace cucurbit
