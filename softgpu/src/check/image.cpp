#include "image.h"

#include <link.h>

#include "cuda_runtime.h"
#include "shadow.h"
#include "softgpu/threads.h"

/// Finds the variables of the program in its loaded segments.

namespace softgpu::check {
namespace {

constexpr int kStop = 1;

template <class Visit>
void for_each_header(const dl_phdr_info& info, Visit visit) {
  for (int i = 0; i < info.dlpi_phnum; ++i) visit(info.dlpi_phdr[i]);
}

/// The first object that dl_iterate_phdr names is the program.
int take_thread_locals(dl_phdr_info* info, size_t, void* out) {
  auto& locals = *static_cast<ThreadLocals*>(out);
  for_each_header(*info, [&](const ElfW(Phdr) & header) {
    if (header.p_type != PT_TLS) return;
    locals.address = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
    locals.bytes = header.p_memsz;
  });
  return kStop;
}

template <class T>
void exclude(ThreadLocals& locals, const T& variable) {
  const uintptr_t offset = reinterpret_cast<uintptr_t>(&variable) - locals.address;
  if (offset >= locals.bytes) return;
  for (size_t i = offset; i < offset + sizeof(T); ++i) locals.built_in[i / 64] |= uint64_t{1} << i % 64;
}

ThreadLocals find_thread_locals() {
  ThreadLocals locals;
  dl_iterate_phdr(take_thread_locals, &locals);
  locals.built_in.resize(locals.bytes / 64 + 1);
  exclude(locals, threadIdx);
  exclude(locals, blockIdx);
  exclude(locals, blockDim);
  exclude(locals, gridDim);
  exclude(locals, on_fibers);
  return locals;
}

struct Range {
  uintptr_t first = 0, last = 0;
};

/// The part that the loader makes read-only after relocation, which contains no variables.
Range read_only_part(const dl_phdr_info& info) {
  Range range;
  for_each_header(info, [&](const ElfW(Phdr) & header) {
    if (header.p_type != PT_GNU_RELRO) return;
    range = {info.dlpi_addr + header.p_vaddr, info.dlpi_addr + header.p_vaddr + header.p_memsz};
  });
  return range;
}

int watch_program(dl_phdr_info* info, size_t, void*) {
  const Range constant = read_only_part(*info);
  for_each_header(*info, [&](const ElfW(Phdr) & header) {
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) return;
    for_each_page(info->dlpi_addr + header.p_vaddr, header.p_memsz, [&](uintptr_t address, size_t bytes) {
      if (address >= constant.first && address + bytes <= constant.last) return;
      open_page(address).memory = Memory::variable;
    });
  });
  return kStop;
}

}  // namespace

const ThreadLocals& thread_locals() {
  static thread_local const ThreadLocals locals = find_thread_locals();
  return locals;
}

void watch_variables() { dl_iterate_phdr(watch_program, nullptr); }

}  // namespace softgpu::check
