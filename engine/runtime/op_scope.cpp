#include "engine/runtime/op_scope.h"

#if CUCURBIT_HAS_NVTX
#include <nvtx3/nvToolsExt.h>

namespace cucurbit {

void OpScope::push_range(const char* op) noexcept { nvtxRangePushA(op); }
void OpScope::pop_range() noexcept { nvtxRangePop(); }

}  // namespace cucurbit
#endif
