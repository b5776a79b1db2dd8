#pragma once

// One way into all formats of data: the content of a path tells its format, and each format is a row of one table. To
// add a format, write its reader in a pair of files of its own and a row in load.cpp.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/image_folder.h"

namespace cucurbit {

/// Of FolderOptions, img_size and resize hold for every format.
struct LoadOptions : FolderOptions {
  int64_t folder_img_size = 0;           // img_size of image folders where that is 0
  bool coarse_labels = false;            // CIFAR-100: the 20 coarse classes instead of the 100 fine ones
  std::vector<std::string> idx_classes;  // class names of IDX files, which hold numbers only; empty: the numbers
};

/// What a format holds.
enum class DataKind {
  arrays,        // images of one size and their classes
  image_folder,  // image files of any size, one folder for each class
  images,        // image files without classes
};

/// One format of data.
struct DataReader {
  std::string_view name;      // for messages: "IDX files"
  std::string_view expected;  // what a folder of this format holds, for the message where no format is recognised
  DataKind kind;
  /// The data sets of this format that `path` is or, if it is a folder, holds; mostly none or `path` itself.
  std::vector<std::filesystem::path> (*find)(const std::filesystem::path& path);
  /// Reads one of these. Images keep their size unless the format depends on options.img_size.
  ImageSplits (*read)(const std::filesystem::path& path, const LoadOptions& options);
};

/// All formats. A file belongs to the first row that finds it.
const std::vector<DataReader>& data_readers();

/// A data set on disk.
struct DataSource {
  const DataReader* reader;    // a row of data_readers()
  std::filesystem::path path;  // the path asked for, or the archive or folder in it that holds the data set
};

/// Recognises what lies at `path`. In a folder, files of arrays come before image files. Throws Error input for a
/// folder that holds several data sets, Error io for one that holds none or cannot be read.
DataSource find_source(const std::filesystem::path& path);

/// Reads the data set at `path`; all images are resized to options.img_size unless that is 0.
///
/// Throws as find_source and the readers, and Error input for images without classes.
ImageSplits load_images(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace cucurbit
