#include "support/packed.h"

#include <lzma.h>
#include <zlib.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace cucurbit::test {

std::string gzip(std::string_view bytes) {
  z_stream z = {};
  if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("gzip");
  std::string out(deflateBound(&z, bytes.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("gzip");
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string xz(std::string_view bytes) {
  std::string out(lzma_stream_buffer_bound(bytes.size()), '\0');
  std::size_t size = 0;
  if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                              bytes.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size,
                              out.size()) != LZMA_OK) {
    throw std::runtime_error("xz");
  }
  out.resize(size);
  return out;
}

std::string tar_header(std::string_view name, std::string_view size_field, char type) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 7, "0000644");
  block.replace(124, size_field.size(), size_field);
  block.replace(148, 8, "        ");
  block[156] = type;
  block.replace(257, 8, "ustar\00000", 8);
  unsigned sum = 0;
  for (const char byte : block) sum += static_cast<unsigned char>(byte);
  char text[8];
  std::snprintf(text, sizeof(text), "%06o", sum);
  block.replace(148, 7, text, 7);
  return block;
}

std::string tar_member(std::string_view name, std::string_view bytes, char type) {
  char size[12];
  std::snprintf(size, sizeof(size), "%011zo", bytes.size());
  std::string member = tar_header(name, size, type).append(bytes);
  member.resize((member.size() + 511) / 512 * 512);
  return member;
}

std::string tar(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  for (const auto& [name, bytes] : files) archive += tar_member(name, bytes);
  return archive + std::string(1024, '\0');
}

}  // namespace cucurbit::test
