#pragma once

/// Warp matrix functions: nvcuda::wmma, and what inline PTX says elsewhere: mma.sync and ldmatrix.

#include "softgpu/ldmatrix.h"
#include "softgpu/mma_sync.h"
#include "softgpu/wmma.h"
