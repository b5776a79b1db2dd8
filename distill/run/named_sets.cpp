#include "distill/run/named_sets.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

namespace fs = std::filesystem;

namespace {
/// A set known by name: the files or folders that hold it, and what to do where none does.
struct NamedSet {
  std::string_view name;
  std::vector<std::string_view> places;
  std::string_view remedy;
  std::vector<std::string> classes = {};  // where the files hold numbers only
};

const std::vector<NamedSet>& named_sets() {
  static const std::vector<NamedSet> kSets = {
      {"mnist",
       {"mnist"},
       "put train-images-idx3-ubyte.gz and the three other files of MNIST into a folder mnist in one of these"},
      {"fashion-mnist",
       {"fashion-mnist"},
       "install the Debian package dataset-fashion-mnist, or put train-images-idx3-ubyte.gz and the three other files "
       "into a folder fashion-mnist in one of these",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}},
      {"usps", {"usps"}, "put USPS as IDX files, named as MNIST's are, into a folder usps in one of these"},
      {"cifar10",
       {"cifar10", "cifar-10-batches-bin", "cifar-10-binary.tar.gz", "cifar-10-binary.tar.xz", "cifar-10-binary.tar"},
       "put cifar-10-binary.tar.gz (https://www.cs.toronto.edu/~kriz/cifar.html) into one of these"},
      {"cifar100",
       {"cifar100", "cifar-100-binary", "cifar-100-binary.tar.gz", "cifar-100-binary.tar.xz", "cifar-100-binary.tar"},
       "put cifar-100-binary.tar.gz (https://www.cs.toronto.edu/~kriz/cifar.html) into one of these"},
      {"apples-bananas",
       {"apples-bananas"},
       "put train.bin.gz and test.bin.gz, in the layout of CIFAR-10, into a folder apples-bananas in one of these"},
  };
  return kSets;
}

/// Where named sets are looked for, in this order.
std::vector<fs::path> data_folders() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("CUCURBIT_DATA_DIR"); chosen != nullptr && *chosen != '\0')
    folders.emplace_back(chosen);
  folders.insert(folders.end(), {"data", CUCURBIT_DATA_DIR, "/usr/share/datasets"});
  return folders;
}

fs::path find_set(const NamedSet& set) {
  std::vector<std::string> looked;
  for (const fs::path& folder : data_folders()) {
    std::error_code ignored;
    for (std::string_view place : set.places)
      if (fs::exists(folder / place, ignored)) return folder / place;
    looked.push_back(folder.string());
  }
  throw Error(ErrorKind::io, fmt::format("[data] {}: not in any of the folders {} (looked for {}): {}, set "
                                         "CUCURBIT_DATA_DIR to the folder that holds it, or give its path",
                                         set.name, join(looked, ", "), fmt::join(set.places, ", "), set.remedy));
}
}  // namespace

std::vector<std::string> published_classes(const fs::path& data) {
  const fs::path last = data.has_filename() ? data.filename() : data.parent_path().filename();
  for (const NamedSet& set : named_sets())
    if (last == set.name) return set.classes;
  return {};
}

std::string published_set_names() {
  std::vector<std::string_view> names;
  for (const NamedSet& set : named_sets()) names.push_back(set.name);
  return join(names, ", ");
}

fs::path find_data(const std::string& name) {
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  for (const NamedSet& set : named_sets())
    if (set.name == name) return find_set(set);
  throw Error(ErrorKind::io, fmt::format("[data] {}: no such file or folder, and no set of that name: check the path, "
                                         "or give one of: {}",
                                         name, published_set_names()));
}

}  // namespace cucurbit
