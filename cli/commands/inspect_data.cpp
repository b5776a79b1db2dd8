#include "cli/commands/inspect_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/progress.h"
#include "distill/run/data.h"
#include "engine/data/audit.h"
#include "engine/data/contact_sheet.h"

namespace cucurbit::cli {

namespace {
using nlohmann::json;

constexpr int64_t kMixedSize = 64;
constexpr size_t kExamples = 10;

/// A split by its name, with what is known of its files.
struct InspectedSplit {
  std::string name;
  FolderSplit content;
};

json balance_of(const ImageSet& set) {
  const std::vector<int64_t> counts = class_counts(set);
  const auto [smallest, largest] = std::minmax_element(counts.begin(), counts.end());
  const auto entry = [&](auto count) {
    return json{{"class", set.class_names[size_t(count - counts.begin())]}, {"images", *count}};
  };
  json balance{{"largest", entry(largest)}, {"smallest", entry(smallest)}};
  if (*smallest > 0) balance["ratio"] = double(*largest) / double(*smallest);
  return balance;
}

json sizes_of(const std::vector<FileFacts>& facts) {
  std::vector<uint32_t> heights, widths;
  for (const FileFacts& file : facts) {
    heights.push_back(file.height);
    widths.push_back(file.width);
  }
  const auto described = [](std::vector<uint32_t> values) {
    const auto [min, median, max] = spread(std::move(values));
    return json{{"min", min}, {"median", median}, {"max", max}};
  };
  return {{"height", described(heights)}, {"width", described(widths)}};
}

json describe_split(const FolderSplit& split) {
  const ImageSet& set = split.images;
  const ChannelStatistics statistics = channel_statistics(set);
  json result{{"images", set.count},        {"shape", {set.height, set.width, set.channels}},
              {"mean", statistics.mean},    {"stddev", statistics.stddev},
              {"classes", set.class_names}, {"class_counts", class_counts(set)},
              {"balance", balance_of(set)}};
  if (set.paths.empty()) return result;
  if (set.count > 0) result["sizes"] = sizes_of(split.facts);
  result["bad_files"] = json::array();
  for (const BadFile& bad : split.bad) result["bad_files"].push_back(bad.path + ": " + bad.reason);
  return result;
}

/// "test 17 (cat)" or "test/cat/17.png (cat)".
std::string describe_image(const InspectedSplit& split, int64_t image) {
  const ImageSet& set = split.content.images;
  const std::string name = set.paths.empty() ? fmt::format("{} {}", split.name, image) : set.paths[size_t(image)];
  return fmt::format("{} ({})", name, set.class_names[size_t(set.labels[size_t(image)])]);
}

json describe_duplicates(const std::vector<InspectedSplit>& splits) {
  std::vector<AuditedSet> sets;
  for (const InspectedSplit& split : splits) sets.push_back({&split.content.images, &split.content.facts});
  const auto groups = equal_images(sets);
  int64_t surplus = 0, across = 0, conflicting = 0;
  json examples = json::array();
  for (const std::vector<ImageReference>& group : groups) {
    std::set<size_t> in_splits;
    std::set<int32_t> labels;
    std::string text;
    for (const ImageReference& image : group) {
      in_splits.insert(image.set);
      labels.insert(splits[image.set].content.images.labels[size_t(image.image)]);
      text += (text.empty() ? "" : " = ") + describe_image(splits[image.set], image.image);
    }
    surplus += int64_t(group.size()) - 1;
    across += in_splits.size() > 1;
    conflicting += labels.size() > 1;
    if (examples.size() < kExamples) examples.push_back(text);
  }
  return {{"groups", groups.size()},
          {"surplus_images", surplus},
          {"groups_across_splits", across},
          {"groups_of_several_classes", conflicting},
          {"examples", examples}};
}

ImageFolder load_mixed_folder(const std::filesystem::path& root, LoadOptions options) {
  options.on_bad_sample = BadSamples::skip;
  const auto note = options.note;
  options.note = [](const std::string&) {};  // what it would say is in the report
  try {
    return load_image_folder(root, options);
  } catch (const MixedSizes&) {
    options.img_size = kMixedSize;
    note(fmt::format("images of different sizes: mean and stddev are of images brought to {} x {}", kMixedSize,
                     kMixedSize));
    return load_image_folder(root, options);
  }
}
}  // namespace

nlohmann::json inspect_data(const DataSpec& spec, const std::string& contact_sheet) {
  const LoadOptions options = load_options(spec, terminal_observer(/*quiet=*/false));
  const DataSource source = find_source(find_data(spec.data));
  json result{{"data", spec.data}};
  std::vector<InspectedSplit> splits;
  if (source.reader->kind == DataKind::image_folder) {
    ImageFolder folder = load_mixed_folder(source.path, options);
    for_each_split(folder, [&](const char* name, FolderSplit& split) { splits.push_back({name, std::move(split)}); });
    result["ignored_files"] = folder.ignored;
    if (folder.ignored > 0) result["ignored_example"] = folder.ignored_example;
  } else {
    const ImageSplits loaded = load_images(source.path, options);
    for_each_split(loaded, [&](const char* name, const ImageSet& set) {
      splits.push_back({name, {.images = set, .facts = facts_of(set), .bad = {}}});
    });
  }
  for (const InspectedSplit& split : splits) result[split.name] = describe_split(split.content);
  result["duplicates"] = describe_duplicates(splits);
  if (!contact_sheet.empty()) {
    write_contact_sheet(contact_sheet, splits[0].content.images);
    result["contact_sheet"] = contact_sheet;
  }
  return result;
}

}  // namespace cucurbit::cli
