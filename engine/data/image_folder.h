#pragma once

// A folder of PNG and JPEG files with one folder per class, as torchvision's ImageFolder reads it.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/image_set.h"
#include "engine/data/resize.h"
#include "kernels/error.h"

namespace cucurbit {

/// What happens to files that cannot be decoded: the data set is refused, or they are left out.
enum class BadSamples { error, skip };
constexpr auto names_of(BadSamples) {
  return enum_names<BadSamples>({{BadSamples::error, "error"}, {BadSamples::skip, "skip"}});
}

struct FolderOptions {
  int64_t img_size = 0;  // side of the square to which all images are resized; 0: they must all have one size
  ResizeMode resize = ResizeMode::crop;
  BadSamples on_bad_sample = BadSamples::error;
  std::filesystem::path cache_dir;  // where decoded images are cached; empty: nowhere
  bool cache_required = false;      // if the cache cannot be written: throw instead of giving a note
  std::function<void(const std::string&)> note = [](const std::string&) {};  // receives what a user should know
};

/// Thrown for images of different sizes where no `img_size` is given.
struct MixedSizes : Error {
  using Error::Error;
};

struct BadFile {
  std::string path, reason;
};

/// Facts of a file, of its image before resizing.
struct FileFacts {
  uint32_t height = 0, width = 0;  // 0 for a bad file
  uint64_t sum = 0;                // checksum of the pixels
};

struct FolderSplit {
  ImageSet images;
  std::vector<FileFacts> facts;  // by image
  std::vector<BadFile> bad;      // left out of `images`
};

struct ImageFolder : Splits<FolderSplit> {
  int64_t ignored = 0;  // files in class folders that are not named as images
  std::string ignored_example;
};

/// Reads root/{train,val,test}/CLASS/** or root/CLASS/**, listed as folder_listing.h describes, decoded by image_file.h
/// and resized by resize.h. Images have three channels. They are decoded on all cores and cached in `cache_dir` as
/// image_cache.h describes.
///
/// Throws Error(input) or Error(io), naming the file, for a bad file (unless skipped), MixedSizes for images of
/// different sizes where `img_size` is 0, Error(input) for a class of which every file was skipped; and as
/// list_image_folder. Deterministic.
ImageFolder load_image_folder(const std::filesystem::path& root, const FolderOptions& options = {});

/// Reads images without classes, listed by list_images and decoded likewise, without a cache. `channels` 1: gray,
/// (19595 R + 38470 G + 7471 B + 32768) / 65536 rounded down, as Pillow's convert('L'), after resizing; else three.
///
/// Paths are as given, labels 0 and class names absent. Throws as load_image_folder and list_images, and Error(input)
/// where no image is left.
FolderSplit load_unlabelled_images(const std::vector<std::filesystem::path>& paths, int64_t channels,
                                   const FolderOptions& options = {});

}  // namespace cucurbit
