#include "distill/cli/data.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "engine/data/idx.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace fs = std::filesystem;

namespace {
/// The embedded sets lie in data/ of the source tree, of the current folder, or where CUCURBIT_DATA_DIR says.
fs::path embedded_folder(const std::string& name) {
  std::vector<fs::path> candidates{fs::path("data") / name, fs::path(CUCURBIT_DATA_DIR) / name};
  if (const char* chosen = std::getenv("CUCURBIT_DATA_DIR"))
    candidates.insert(candidates.begin(), fs::path(chosen) / name);
  for (const fs::path& candidate : candidates)
    if (fs::is_directory(candidate)) return candidate;
  throw Error(ErrorKind::io,
              fmt::format("[data] {}: the embedded set is in none of {}, {}: set CUCURBIT_DATA_DIR to the "
                          "data folder of the sources",
                          name, candidates.front().string(), candidates.back().string()));
}
}  // namespace

ImageSplits load_data(const std::string& name) {
  if (name == "mnist" && !fs::is_directory(name)) return load_idx_folder(embedded_folder(name));
  if (!fs::exists(name))
    throw Error(ErrorKind::io,
                fmt::format("[data] {}: no such folder, and no set of that name: give a folder of IDX files "
                            "or 'mnist'",
                            name));
  return load_idx_folder(name);
}

}  // namespace cucurbit::cli
