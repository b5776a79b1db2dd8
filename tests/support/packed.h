#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cucurbit::test {

/// `bytes`, compressed by the one-call functions of zlib and liblzma.
std::string gzip(std::string_view bytes);
std::string xz(std::string_view bytes);

/// One ustar header block with a valid checksum.
std::string tar_header(std::string_view name, std::string_view size_field, char type = '0');

/// A member: its header and its data, padded to whole blocks.
std::string tar_member(std::string_view name, std::string_view bytes, char type = '0');

/// An archive of plain files.
std::string tar(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace cucurbit::test
