#include "engine/data/named_sets.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

fs::path find_set(const NamedSet& set, const std::vector<fs::path>& search_folders, std::string_view more_folders) {
  std::vector<std::string> searched;
  for (const fs::path& folder : search_folders) {
    std::error_code ignored;
    for (const std::string_view place : set.places)
      if (fs::exists(folder / place, ignored)) return folder / place;
    searched.push_back(folder.string());
  }
  throw Error(ErrorKind::io,
              fmt::format("[data] {}: not found in any of the folders {} (looked for {}): {}, {}, or give its path",
                          set.name, join(searched, ", "), join(set.places, ", "), set.remedy, more_folders));
}

}  // namespace

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
      {"usps",
       {"usps"},
       "put USPS as IDX files, with the same names as those of MNIST, into a folder usps in one of these"},
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

std::string named_set_names() {
  std::vector<std::string_view> names;
  for (const NamedSet& set : named_sets()) names.push_back(set.name);
  return join(names, ", ");
}

std::vector<std::string> class_names_of(const fs::path& data) {
  const fs::path last = data.has_filename() ? data.filename() : data.parent_path().filename();
  for (const NamedSet& set : named_sets())
    if (last == set.name) return set.class_names;
  return {};
}

fs::path find_data(const std::string& data, const std::vector<fs::path>& search_folders,
                   std::string_view more_folders) {
  std::error_code ignored;
  if (fs::exists(data, ignored)) return data;
  for (const NamedSet& set : named_sets())
    if (set.name == data) return find_set(set, search_folders, more_folders);
  throw Error(ErrorKind::io, fmt::format("[data] {}: there is no such file or folder, and no data set of that name: "
                                         "check the path, or give one of: {}",
                                         data, named_set_names()));
}

}  // namespace cucurbit
