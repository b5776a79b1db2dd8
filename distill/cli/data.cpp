#include "distill/cli/data.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "engine/data/image_cache.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit::cli {

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

/// Names of the classes of the set that `data` names, or that lies in a folder of its name.
std::vector<std::string> classes_of(const fs::path& data) {
  const fs::path last = data.has_filename() ? data.filename() : data.parent_path().filename();
  for (const NamedSet& set : named_sets())
    if (last == set.name) return set.classes;
  return {};
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

std::string known_names() {
  std::vector<std::string_view> names;
  for (const NamedSet& set : named_sets()) names.push_back(set.name);
  return join(names, ", ");
}
}  // namespace

void add_data_flags(CLI::App& app, DataFlags& flags) {
  app.add_option(
         "data,--data-dir", flags.data,
         "a folder of images for each class (or train/, val/, test/ of such), a folder of IDX or CIFAR files, a "
         "CIFAR archive or file, or: " +
             known_names())
      ->capture_default_str();
  const std::string group = "Data";
  app.add_option("--img-size", flags.img_size, "bring all images to a square of this side; 0: leave them as they are")
      ->check(CLI::Range(0, 4096))
      ->group(group)
      ->capture_default_str();
  app.add_option("--resize", flags.resize, "--img-size: crop (scale the shorter side, cut out the centre) or stretch")
      ->check(CLI::IsMember({"crop", "stretch"}))
      ->group(group)
      ->capture_default_str();
  app.add_option("--on-bad-sample", flags.on_bad_sample, "image folders: error (refuse) or skip files that are damaged")
      ->check(CLI::IsMember({"error", "skip"}))
      ->group(group)
      ->capture_default_str();
  app.add_option(
         "--cache-dir", flags.cache_dir,
         "where images of folders and packed archives are kept decoded, or none; default $XDG_CACHE_HOME/cucurbit or "
         "~/.cache/cucurbit")
      ->group(group);
  app.add_flag("--coarse-labels", flags.coarse_labels, "CIFAR-100: the 20 coarse classes, not the 100 fine ones")
      ->group(group);
}

LoadOptions DataFlags::load_options() const {
  LoadOptions options;
  options.img_size = img_size;
  options.resize = resize == "crop" ? ResizeMode::crop : ResizeMode::stretch;
  options.on_bad_sample = on_bad_sample == "skip" ? BadSamples::skip : BadSamples::error;
  options.cache_required = !cache_dir.empty();
  if (cache_dir != "none") options.cache_dir = cache_dir.empty() ? default_cache_folder() : fs::path(cache_dir);
  options.coarse_labels = coarse_labels;
  options.idx_classes = classes_of(data);
  options.note = [data = data](const std::string& text) { fmt::print(stderr, "cucurbit: {}: {}\n", data, text); };
  return options;
}

fs::path find_data(const std::string& name) {
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  for (const NamedSet& set : named_sets())
    if (set.name == name) return find_set(set);
  throw Error(ErrorKind::io, fmt::format("[data] {}: no such file or folder, and no set of that name: check the path, "
                                         "or give one of: {}",
                                         name, known_names()));
}

ImageSplits load_data(const DataFlags& flags, int64_t folder_img_size) {
  LoadOptions options = flags.load_options();
  options.folder_img_size = folder_img_size;
  return load_images(find_data(flags.data), options);
}

std::string describe_classes(const ImageSet& set, size_t most) {
  const std::vector<int64_t> counts = class_counts(set);
  std::vector<std::string> parts;
  for (size_t c = 0; c < std::min(most, counts.size()); ++c)
    parts.push_back(fmt::format("{} {}", set.class_names[c], counts[c]));
  const std::string rest = counts.size() > most ? fmt::format(", and {} more classes", counts.size() - most) : "";
  return join(parts, ", ") + rest;
}

}  // namespace cucurbit::cli
