#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cucurbit::test {

/// Compressed by zlib's and liblzma's own one-call functions.
std::string gzip(std::string_view bytes);
std::string xz(std::string_view bytes);

/// One ustar header block; the checksum is right.
std::string tar_header(std::string_view name, std::string_view size_field, char type = '0');

/// A member with its data, padded.
std::string tar_member(std::string_view name, std::string_view bytes, char type = '0');

/// An archive of plain files.
std::string tar(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace cucurbit::test
