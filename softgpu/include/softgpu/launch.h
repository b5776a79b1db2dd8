#pragma once

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../driver_types.h"

/// cudaLaunchKernelEx: packs the arguments of a kernel behind one plain call and hands it to the runtime.

namespace softgpu {

/// A pointer among the arguments of a kernel.
struct PointerArgument {
  const void* address;
  bool written;  ///< whether the kernel may write through it, because it does not point to const
};

/// A kernel with its arguments, type-erased. `arguments` belongs to the caller; `keep` copies it for a graph.
struct KernelCall {
  const void* kernel;                                          ///< identity, for function attributes
  void (*run_thread)(const void* arguments);                   ///< runs the kernel once, as one CUDA thread
  std::shared_ptr<const void> (*keep)(const void* arguments);  ///< copy of the arguments on the heap
  const void* arguments;
  std::vector<PointerArgument> (*pointers)(const void* arguments);  ///< the arguments that are pointers by their type
};

/// Checks the launch against the limits of the device, then runs it or records it in the capture of its stream.
cudaError_t launch(const cudaLaunchConfig_t& config, const KernelCall& call);

template <class... Params>
struct PackedKernel {
  void (*kernel)(Params...);
  std::tuple<Params...> arguments;

  static void run_thread(const void* packed) {
    const auto* self = static_cast<const PackedKernel*>(packed);
    std::apply(self->kernel, self->arguments);
  }
  static std::shared_ptr<const void> keep(const void* packed) {
    return std::make_shared<PackedKernel>(*static_cast<const PackedKernel*>(packed));
  }
  static std::vector<PointerArgument> pointers(const void* packed) {
    std::vector<PointerArgument> found;
    const auto add = [&found](const auto& argument) {
      using Pointee = std::remove_pointer_t<std::remove_cvref_t<decltype(argument)>>;
      if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(argument)>> && !std::is_function_v<Pointee>) {
        found.push_back(
            {const_cast<const void*>(static_cast<const volatile void*>(argument)), !std::is_const_v<Pointee>});
      }
    };
    std::apply([&](const auto&... argument) { (add(argument), ...); },
               static_cast<const PackedKernel*>(packed)->arguments);
    return found;
  }
};

}  // namespace softgpu

/// Launches `kernel` with `config`; arguments convert to the kernel's parameter types as in a call.
///
/// Errors: cudaErrorInvalidConfiguration (a zero or too large dimension), cudaErrorInvalidValue (more dynamic shared
/// memory than cudaFuncSetAttribute allowed), cudaErrorNotSupported (more than one thread per block in fast mode), what
/// the kernel ended with, and those of the stream.
template <class... Params, class... Args>
[[gnu::always_inline]] inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config,
                                                             void (*kernel)(Params...), Args&&... args) {
  static_assert(sizeof...(Params) == sizeof...(Args), "the number of arguments is not the kernel's");
  using Packed = softgpu::PackedKernel<Params...>;
  const Packed packed{kernel, std::tuple<Params...>(static_cast<Params>(std::forward<Args>(args))...)};
  return softgpu::launch(
      *config, {reinterpret_cast<const void*>(kernel), &Packed::run_thread, &Packed::keep, &packed, &Packed::pointers});
}

/// A cooperative launch: all blocks are on the device at once and may meet in grid.sync(). `arguments` points to one
/// value per parameter of the kernel, of exactly its type.
///
/// Errors: cudaErrorCooperativeLaunchTooLarge when the device cannot hold all blocks at once, and those of
/// cudaLaunchKernelEx.
template <class... Params>
cudaError_t cudaLaunchCooperativeKernel(void (*kernel)(Params...), dim3 grid, dim3 block, void** arguments,
                                        size_t dynamic_shared_bytes = 0, cudaStream_t stream = 0) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  const cudaLaunchConfig_t config{grid, block, dynamic_shared_bytes, stream, &attribute, 1};
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return cudaLaunchKernelEx(&config, kernel, *static_cast<Params*>(arguments[i])...);
  }
  (std::index_sequence_for<Params...>{});
}
