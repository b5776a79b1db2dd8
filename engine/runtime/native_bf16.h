#pragma once

namespace cucurbit {

/// True if the hardware multiplies bfloat16 faster than float: a GPU of compute capability 8.0 or more; on softgpu a
/// processor with AVX512_BF16 or AMX_BF16.
bool native_bf16();

}  // namespace cucurbit
