#pragma once

/// The toolkit's pipeline primitives.

#include "cuda_pipeline_primitives.h"
