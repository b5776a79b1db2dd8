#include "distill/cli/data.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "engine/data/image_cache.h"
#include "engine/data/named_sets.h"
#include "engine/io/join.h"

namespace cucurbit::cli {

namespace fs = std::filesystem;

namespace {
/// Where named sets are looked for, in this order.
std::vector<fs::path> data_folders() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("CUCURBIT_DATA_DIR"); chosen != nullptr && *chosen != '\0')
    folders.emplace_back(chosen);
  folders.insert(folders.end(), {"data", CUCURBIT_DATA_DIR, "/usr/share/datasets"});
  return folders;
}
}  // namespace

void add_data_flags(CLI::App& app, DataFlags& flags) {
  app.add_option(
         "data,--data-dir", flags.data,
         "a folder of images for each class (or train/, val/, test/ of such), a folder of IDX or CIFAR files, a "
         "CIFAR archive or file, or: " +
             named_set_names())
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
  options.idx_classes = class_names_of(data);
  options.note = [data = data](const std::string& text) { fmt::print(stderr, "cucurbit: {}: {}\n", data, text); };
  return options;
}

fs::path find_data(const std::string& name) {
  return cucurbit::find_data(name, data_folders(), "set CUCURBIT_DATA_DIR to the folder that holds it");
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
