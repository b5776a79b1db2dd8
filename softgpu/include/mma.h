#pragma once

/// Warp matrix functions: nvcuda::wmma, and functions for mma.sync and ldmatrix, which need inline PTX on a GPU.

#include "softgpu/ldmatrix.h"
#include "softgpu/mma_sync.h"
#include "softgpu/wmma.h"
