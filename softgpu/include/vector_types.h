#pragma once

/// The toolkit's short vectors, with the sizes and alignments that let one access move 4, 8 or 16 bytes.

#define SOFTGPU_VECTOR_1(Name, T, Align) \
  struct alignas(Align) Name {           \
    T x;                                 \
  };
#define SOFTGPU_VECTOR_2(Name, T, Align) \
  struct alignas(Align) Name {           \
    T x, y;                              \
  };
#define SOFTGPU_VECTOR_3(Name, T, Align) \
  struct alignas(Align) Name {           \
    T x, y, z;                           \
  };
#define SOFTGPU_VECTOR_4(Name, T, Align) \
  struct alignas(Align) Name {           \
    T x, y, z, w;                        \
  };
#define SOFTGPU_VECTORS(Name, T, Align2, Align4) \
  SOFTGPU_VECTOR_1(Name##1, T, alignof(T))       \
  SOFTGPU_VECTOR_2(Name##2, T, Align2)           \
  SOFTGPU_VECTOR_3(Name##3, T, alignof(T))       \
  SOFTGPU_VECTOR_4(Name##4, T, Align4)

SOFTGPU_VECTORS(char, signed char, 2, 4)
SOFTGPU_VECTORS(uchar, unsigned char, 2, 4)
SOFTGPU_VECTORS(short, short, 4, 8)
SOFTGPU_VECTORS(ushort, unsigned short, 4, 8)
SOFTGPU_VECTORS(int, int, 8, 16)
SOFTGPU_VECTORS(uint, unsigned int, 8, 16)
SOFTGPU_VECTORS(longlong, long long, 16, 16)
SOFTGPU_VECTORS(ulonglong, unsigned long long, 16, 16)
SOFTGPU_VECTORS(float, float, 8, 16)
SOFTGPU_VECTORS(double, double, 16, 16)

#undef SOFTGPU_VECTORS
#undef SOFTGPU_VECTOR_1
#undef SOFTGPU_VECTOR_2
#undef SOFTGPU_VECTOR_3
#undef SOFTGPU_VECTOR_4

/// Extent of a grid or a block; missing dimensions are 1.
struct dim3 {
  unsigned int x = 1, y = 1, z = 1;

  constexpr dim3(unsigned int x_extent = 1, unsigned int y_extent = 1, unsigned int z_extent = 1)
      : x(x_extent), y(y_extent), z(z_extent) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};
