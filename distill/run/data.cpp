#include "distill/run/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/data/image_cache.h"
#include "engine/data/named_sets.h"
#include "engine/data/split.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

namespace fs = std::filesystem;

namespace {
constexpr uint64_t kSplitSeed = 0;
constexpr size_t kMostListedClasses = 20;

/// Where named sets are looked for, in this order.
std::vector<fs::path> data_folders() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("CUCURBIT_DATA_DIR"); chosen != nullptr && *chosen != '\0')
    folders.emplace_back(chosen);
  folders.insert(folders.end(), {"data", CUCURBIT_DATA_DIR, "/usr/share/datasets"});
  return folders;
}

/// The first images of `set`, enough for so many batches of the run.
ImageSet first_batches(ImageSet set, const RunSpec& spec) {
  const int64_t count = spec.overfit_batches * spec.batch_size * spec.grad_accum_steps;
  if (count > set.count)
    throw Error(ErrorKind::usage,
                fmt::format("[train] `overfit_batches` {} needs {} images, and the training set has {}: lower it",
                            spec.overfit_batches, count, set.count));
  set.count = count;
  set.images = set.images.first(size_t(count * set.height * set.width * set.channels));
  set.labels.resize(size_t(count));
  if (!set.paths.empty()) set.paths.resize(size_t(count));
  return set;
}

/// The sets that the run uses: a validation set that the data do not bring is cut off the training set.
ImageSplits split(ImageSplits loaded, const RunSpec& spec) {
  const int64_t val_size = spec.val_size < 0 ? std::min<int64_t>(loaded.train.count / 10, 5000) : spec.val_size;
  ImageSplits sets = split_validation(std::move(loaded), val_size, kSplitSeed);
  if (spec.overfit_batches > 0) sets.validation = sets.train = first_batches(std::move(sets.train), spec);
  if (sets.validation && sets.validation->count == 0) sets.validation.reset();
  if (spec.patience > 0 && !sets.validation)
    throw Error(ErrorKind::usage,
                "[train] `patience` counts epochs without a better validation accuracy, and there are no validation "
                "images: give `val_size`, or leave `patience` out");
  return sets;
}

/// "cat 5000, dog 5000" and so on.
std::string describe_classes(const ImageSet& set) {
  const std::vector<int64_t> counts = class_counts(set);
  std::vector<std::string> parts;
  for (size_t c = 0; c < std::min(kMostListedClasses, counts.size()); ++c)
    parts.push_back(fmt::format("{} {}", set.class_names[c], counts[c]));
  const std::string rest = counts.size() > kMostListedClasses
                               ? fmt::format(", and {} more classes", counts.size() - kMostListedClasses)
                               : "";
  return join(parts, ", ") + rest;
}
}  // namespace

fs::path find_data(const std::string& name) {
  return find_data(name, data_folders(), "set CUCURBIT_DATA_DIR to the folder that holds it");
}

LoadOptions load_options(const DataSpec& spec, const RunObserver& observer) {
  LoadOptions options;
  options.img_size = spec.img_size;
  options.resize = spec.resize;
  options.on_bad_sample = spec.on_bad_sample;
  options.cache_required = !spec.cache_dir.empty();
  if (spec.cache_dir != "none")
    options.cache_dir = spec.cache_dir.empty() ? default_cache_folder() : fs::path(spec.cache_dir);
  options.coarse_labels = spec.coarse_labels;
  options.idx_classes = class_names_of(spec.data);
  options.note = [data = spec.data, warning = observer.warning](const std::string& text) {
    warning(data + ": " + text);
  };
  return options;
}

ImageSplits load_data(const DataSpec& spec, const RunObserver& observer, int64_t folder_img_size) {
  LoadOptions options = load_options(spec, observer);
  options.folder_img_size = folder_img_size;
  return load_images(find_data(spec.data), options);
}

RunData prepare_data(const RunSpec& spec, const RunObserver& observer, const ChannelStatistics* normalization) {
  ImageSplits loaded = load_data(spec.data, observer);
  observer.note("classes: " + describe_classes(loaded.train));
  const ImageSplits sets = split(std::move(loaded), spec);
  const ChannelStatistics statistics = normalization ? *normalization : channel_statistics(sets.train);
  RunData data{map_splits(sets, [&](const ImageSet& set) { return DeviceSet(set, statistics, spec.data_residency); }),
               sets.train.class_names,
               statistics,
               {}};
  if (sets.validation) data.validation_paths = sets.validation->paths;
  return data;
}

}  // namespace cucurbit
