#pragma once

// Which images a folder of folders holds.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cucurbit {

struct ListedFile {
  std::string path;  // below the root, with '/'
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // ns
  std::int32_t label = 0;
  std::string problem;  // why it cannot be read, as far as the folder tells; empty for most
};

/// The files of one split, ordered by label, then by path, bytewise.
struct ListedSplit {
  std::string name;  // train, val or test; empty for a root without splits
  std::vector<ListedFile> files;
};

struct Listing {
  std::vector<std::string> class_names;  // bytewise order, that of torchvision
  ListedSplit train;
  std::optional<ListedSplit> validation, test;
  std::int64_t ignored = 0;  // files in class folders that are not named as images
  std::string ignored_example;
};

/// Lists root/{train,val,test}/CLASS/**/*.{png,jpg,jpeg} (val and test may be absent) or, where root has no folder
/// `train`, root/CLASS/**/*.{png,jpg,jpeg}. Endings are compared without regard to case; hidden files and folders are
/// passed over; links are followed, once to each folder.
///
/// Throws Error(io) for a folder that cannot be read, Error(input) for no class, a class without images, and a class in
/// val or test that train does not have.
Listing list_image_folder(const std::filesystem::path& root);

/// True if `folder` has a folder in it that is not hidden.
bool has_folders(const std::filesystem::path& folder);

}  // namespace cucurbit
