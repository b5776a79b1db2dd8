#pragma once

namespace softgpu {

/// Whether the program is instrumented by AddressSanitizer.
bool has_address_sanitizer();

}  // namespace softgpu
