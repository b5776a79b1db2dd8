#pragma once

/// Half precision: __half and __half2 with the toolkit's functions.

#include "softgpu/half.h"
#include "softgpu/half2.h"
#include "softgpu/half_arithmetic.h"
#include "softgpu/half_math.h"
#include "softgpu/language.h"
