#pragma once

// One split of an image folder as decoded bytes, in memory or in a cache file.

#include <memory>
#include <span>

#include "engine/data/folder_listing.h"
#include "engine/data/image_folder.h"
#include "engine/io/mapped_file.h"
#include "kernels/error.h"

namespace cucurbit {

struct DecodedSplit {
  struct Bad {
    int64_t file = 0;  // its index in the listing
    std::string reason;
    ErrorKind kind = ErrorKind::input;
  };

  int64_t height = 0, width = 0;    // 0 where every file is bad
  std::span<const uint8_t> images;  // [good files, height, width, 3], in the order of the listing
  std::shared_ptr<const void> owner;
  std::vector<FileFacts> facts;  // by file of the listing
  std::vector<Bad> bad;          // in the order of the listing
};

/// Memory for the images of a split: `bytes` are written by the decoder and kept alive by `owner`; `file` is the file
/// in which they lie, or null.
struct ImageMemory {
  std::span<uint8_t> bytes;
  std::shared_ptr<const void> owner;
  std::shared_ptr<NewMappedFile> file;
};

/// Decodes every file of `split`. `take_memory(n)` provides n bytes for the images. Bad files leave no gap between the
/// images. Throws MixedSizes if options.img_size is 0 and the images differ in size; where the first 16 files already
/// show it, the others are not read.
DecodedSplit decode_split(const std::filesystem::path& root, const ListedSplit& split, const FolderOptions& options,
                          const std::function<ImageMemory(size_t)>& take_memory);

}  // namespace cucurbit
