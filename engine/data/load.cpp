#include "engine/data/load.h"

#include <fmt/core.h>

#include "engine/data/cifar.h"
#include "engine/data/idx.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

bool is_archive_name(const std::string& name) {
  for (const char* ending : {".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

std::vector<fs::path> archives_in(const fs::path& folder) {
  std::vector<fs::path> archives;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
    if (is_archive_name(entry->path().filename().string())) archives.push_back(entry->path());
  }
  if (failure) {
    throw Error(ErrorKind::io, fmt::format("[data] {}: cannot read the folder: {}: check its permissions",
                                           folder.string(), failure.message()));
  }
  return archives;
}

ImageSplits load_folder(const fs::path& folder, const LoadOptions& options) {
  const std::vector<fs::path> archives = archives_in(folder);
  std::vector<std::string> found;
  const bool idx = is_idx_folder(folder), cifar = is_cifar_folder(folder);
  if (idx) found.push_back("IDX files");
  if (cifar) found.push_back("CIFAR files");
  for (const fs::path& archive : archives) found.push_back(archive.filename().string());
  if (found.size() > 1) {
    throw Error(ErrorKind::input, fmt::format("[data] {}: holds several sets, {}: name one file, or give each a folder",
                                              folder.string(), join(found, " and ")));
  }
  if (cifar) return load_cifar(folder, options.coarse_labels);
  if (!archives.empty()) return load_cifar(archives[0], options.coarse_labels);
  return load_idx_folder(folder);
}

}  // namespace

ImageSplits load_images(const fs::path& path, const LoadOptions& options) {
  std::error_code failure;
  if (fs::status(path, failure).type() == fs::file_type::directory) return load_folder(path, options);
  return load_cifar(path, options.coarse_labels);
}

}  // namespace cucurbit
