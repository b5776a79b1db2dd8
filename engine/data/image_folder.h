#pragma once

// A folder of PNG and JPEG files, sorted into a folder for each class, as torchvision's ImageFolder reads it.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/image_set.h"
#include "engine/data/resize.h"
#include "kernels/error.h"

namespace cucurbit {

/// What happens to files that cannot be decoded: the set is refused, or goes without them.
enum class BadSamples { error, skip };
constexpr auto names_of(BadSamples) {
  return enum_names<BadSamples>({{BadSamples::error, "error"}, {BadSamples::skip, "skip"}});
}

struct FolderOptions {
  std::int64_t img_size = 0;  // side of the square all images are brought to; 0: they must all be of one size
  ResizeMode resize = ResizeMode::crop;
  BadSamples on_bad_sample = BadSamples::error;
  std::filesystem::path cache_dir;  // where decoded images are kept; empty: nowhere
  bool cache_required = false;      // refuse to go on where the cache cannot be written, instead of a note
  std::function<void(const std::string&)> note = [](const std::string&) {};  // takes what a user should know
};

/// Images of different sizes, and no img_size to bring them to.
struct MixedSizes : Error {
  using Error::Error;
};

struct BadFile {
  std::string path, reason;
};

/// Of a file, before its image was resized.
struct FileFacts {
  std::uint32_t height = 0, width = 0;  // 0 for a bad file
  std::uint64_t sum = 0;                // checksum of the pixels
};

struct FolderSplit {
  ImageSet images;
  std::vector<FileFacts> facts;  // by image
  std::vector<BadFile> bad;      // left out of `images`
};

struct ImageFolder {
  FolderSplit train;
  std::optional<FolderSplit> validation, test;
  std::int64_t ignored = 0;  // files in class folders that are not named as images
  std::string ignored_example;
};

/// Reads root/{train,val,test}/CLASS/** or root/CLASS/** as folder_listing.h says, image_file.h decodes and resize.h
/// resizes. Images have three channels; they are decoded on all cores, and kept in `cache_dir` as image_cache.h says.
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
FolderSplit load_unlabelled_images(const std::vector<std::filesystem::path>& paths, std::int64_t channels,
                                   const FolderOptions& options = {});

}  // namespace cucurbit
