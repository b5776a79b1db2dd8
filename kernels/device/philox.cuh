#pragma once

#include "kernels/types.h"

namespace cucurbit {

/// Four 32-bit words: a counter, or the random bits drawn for it.
struct Philox4 {
  uint32_t words[4];
  __host__ __device__ constexpr uint32_t operator[](int i) const { return words[i]; }
};
struct PhiloxKey {
  uint32_t words[2];
};

/// Philox4x32-10: 128 random bits as a function of (counter, key) alone, for host and device. Salmon, Moraes, Dror and
/// Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
///
/// Here the key is the seed; the counter holds the index, the step or epoch, and a purpose that tells streams apart.
__host__ __device__ constexpr Philox4 philox4x32(Philox4 counter, PhiloxKey key) {
  uint32_t c0 = counter.words[0], c1 = counter.words[1], c2 = counter.words[2], c3 = counter.words[3];
  uint32_t k0 = key.words[0], k1 = key.words[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t(0xd2511f53u) * c0, product1 = uint64_t(0xcd9e8d57u) * c2;
    c0 = uint32_t(product1 >> 32) ^ c1 ^ k0;
    c1 = uint32_t(product1);
    c2 = uint32_t(product0 >> 32) ^ c3 ^ k1;
    c3 = uint32_t(product0);
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return {{c0, c1, c2, c3}};
}

/// The upper 24 bits as a multiple of 2^-24 in [0, 1).
__host__ __device__ constexpr float uniform(uint32_t bits) { return float(bits >> 8) * 0x1p-24f; }

}  // namespace cucurbit
