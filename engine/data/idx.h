#pragma once

// IDX, the format of MNIST: big-endian header {0, 0, element type, rank, extents...}, then the elements, last index
// fastest. http://yann.lecun.com/exdb/mnist/
//
// Files may be compressed by gzip or xz; the content decides, not the name. Only unsigned bytes are accepted. No more
// memory is used than the header announces, and a header that announces more than 16 GiB is refused. Every failure is
// an Error that names the file: ErrorKind::io if it is missing or unreadable, ErrorKind::input if its content is not
// acceptable.

#include <cstdint>
#include <filesystem>
#include <optional>

#include "engine/data/image_set.h"

namespace cucurbit {

/// Reads images [count, height, width] or [count, height, width, channels] and labels [count].
///
/// Classes are named by their numbers, "0" .. `class_count` - 1; without `class_count` the largest label is the last.
/// The set is named after the folder of the images.
ImageSet read_idx(const std::filesystem::path& images_path, const std::filesystem::path& labels_path,
                  std::optional<int32_t> class_count = std::nullopt);

/// Reads the files of the standard names in `folder`: train-images-idx3-ubyte, train-labels-idx1-ubyte and, for the
/// test set, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. The number in the name does not matter, nor does a dot
/// before it; a final `.gz` or `.xz` may follow. Of several files for one part the first by name is read.
///
/// The test set may be absent, but its images and labels only together; its classes are those of the training set.
/// `class_names` are their names by label; if empty, the names are the numbers.
ImageSplits load_idx_folder(const std::filesystem::path& folder, const std::vector<std::string>& class_names = {});

/// True if a file in `folder` is named as load_idx_folder expects.
bool is_idx_folder(const std::filesystem::path& folder);

}  // namespace cucurbit
