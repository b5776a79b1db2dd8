#pragma once

// Which images a folder of folders holds.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/splits.h"

namespace cucurbit {

struct ListedFile {
  std::string path;  // below the root, with '/'
  uint64_t size = 0;
  int64_t modified = 0;  // ns
  int32_t label = 0;
  std::string problem;  // why it cannot be read, if listing it shows that already; else empty
};

/// The files of one split, ordered by label, then by path, bytewise.
struct ListedSplit {
  std::string name;  // train, val or test; empty for a root without splits
  std::vector<ListedFile> files;
};

/// Files in class folders that are not named as images.
struct IgnoredFiles {
  int64_t count = 0;
  std::string example;  // the first

  void add(const IgnoredFiles& others) {
    if (count == 0) example = others.example;
    count += others.count;
  }
};

struct Listing : Splits<ListedSplit> {
  std::vector<std::string> class_names;  // in bytewise order, as torchvision has them
  IgnoredFiles ignored;
};

/// Lists root/{train,val,test}/CLASS/**/*.{png,jpg,jpeg} (val and test may be absent) or, where root has no folder
/// `train`, root/CLASS/**/*.{png,jpg,jpeg}. Endings are compared without regard to case; hidden files and folders are
/// ignored; links are followed, but each folder is entered once.
///
/// Throws Error(io) for a folder that cannot be read, Error(input) for no class, a class without images, and a class in
/// val or test that train does not have.
Listing list_image_folder(const std::filesystem::path& root);

/// Lists images without classes, in the order of `paths`: files, whatever their names, and the images below folders,
/// with the rules of list_image_folder. Paths are as given; labels are 0. Throws Error(io) for a folder that cannot
/// be read or a path that does not exist, Error(input) for a folder without images.
Listing list_images(const std::vector<std::filesystem::path>& paths);

/// True if `path` is a file whose name or first bytes are those of PNG or JPEG.
bool is_image_file(const std::filesystem::path& path);

/// True if `folder` holds a file that is not hidden and has the name of an image.
bool has_images(const std::filesystem::path& folder);

/// True if `folder` holds a folder that is not hidden.
bool has_folders(const std::filesystem::path& folder);

}  // namespace cucurbit
