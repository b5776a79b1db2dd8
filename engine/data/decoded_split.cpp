#include "engine/data/decoded_split.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "engine/data/image_file.h"
#include "engine/data/parallel.h"
#include "engine/io/checksum.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

/// The result of decoding one file.
struct Outcome {
  FileFacts facts;
  std::string reason;
  ErrorKind kind = ErrorKind::input;
};

/// Calls `use` with the image; failures become an outcome.
template <class Use>
Outcome decode_file(const fs::path& root, const ListedFile& file, const Use& use) {
  Outcome outcome;
  if (!file.problem.empty()) {
    outcome.reason = file.problem;
    outcome.kind = ErrorKind::io;
    return outcome;
  }
  const fs::path path = root / file.path;
  try {
    const RgbImage image = read_image(path);
    outcome.facts = {.height = uint32_t(image.height), .width = uint32_t(image.width), .sum = checksum(image.bytes())};
    use(image);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input && error.kind() != ErrorKind::io) throw;
    const std::string message = error.what(), prefix = "[image] " + path.string() + ": ";
    outcome.reason = message.starts_with(prefix) ? message.substr(prefix.size()) : message;
    outcome.kind = error.kind();
  }
  return outcome;
}

/// `facts` has an entry for each file; those of bad files have no size.
void expect_one_size(const fs::path& root, const ListedSplit& split, const std::vector<FileFacts>& facts) {
  const auto first = std::find_if(facts.begin(), facts.end(), [](const FileFacts& file) { return file.width > 0; });
  const auto other = std::find_if(first, facts.end(), [&](const FileFacts& file) {
    return file.width > 0 && (file.width != first->width || file.height != first->height);
  });
  if (other == facts.end()) return;
  const auto path = [&](auto file) { return split.files[file - facts.begin()].path; };
  throw MixedSizes(
      ErrorKind::input,
      fmt::format("[folder] {}: images of different sizes: {} is {} x {}, {} is {} x {} (height x width): give "
                  "`img_size`, to which all are resized",
                  root.string(), path(first), first->height, first->width, path(other), other->height, other->width));
}

/// The size of the first image that can be decoded; 0 x 0 where none can.
FileFacts common_size(const fs::path& root, const ListedSplit& split) {
  constexpr size_t kProbed = 16;
  std::vector<FileFacts> facts;
  FileFacts size;
  for (const ListedFile& file : split.files) {
    if (facts.size() >= kProbed && size.width > 0) break;
    facts.push_back(decode_file(root, file, [](const RgbImage&) {}).facts);
    if (size.width == 0) size = facts.back();
  }
  expect_one_size(root, split, facts);
  return size;
}

}  // namespace

DecodedSplit decode_split(const fs::path& root, const ListedSplit& split, const FolderOptions& options,
                          const std::function<ImageMemory(size_t)>& take_memory) {
  DecodedSplit decoded{.height = options.img_size, .width = options.img_size};
  if (options.img_size == 0) {
    const FileFacts size = common_size(root, split);
    decoded.height = size.height;
    decoded.width = size.width;
  }
  const auto bytes = size_t(decoded.height * decoded.width * 3);
  const ImageMemory memory = take_memory(split.files.size() * bytes);
  std::vector<Outcome> outcomes(split.files.size());
  parallel_for(int64_t(outcomes.size()), [&](int64_t i) {
    const auto file = size_t(i);
    outcomes[file] = decode_file(root, split.files[file], [&](const RgbImage& image) {
      const std::span<uint8_t> target = memory.bytes.subspan(file * bytes, bytes);
      if (image.height == decoded.height && image.width == decoded.width) {
        std::memcpy(target.data(), image.pixels.get(), bytes);
      } else if (options.img_size > 0) {
        resize_image(image.bytes(), image.height, image.width, 3, options.resize, options.img_size, target);
      }
    });
  });

  size_t good = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    decoded.facts.push_back(outcomes[i].facts);
    if (!outcomes[i].reason.empty()) {
      decoded.facts.back() = {};
      decoded.bad.push_back({int64_t(i), outcomes[i].reason, outcomes[i].kind});
      continue;
    }
    if (good < i) std::memmove(memory.bytes.data() + good * bytes, memory.bytes.data() + i * bytes, bytes);
    ++good;
  }
  if (options.img_size == 0) expect_one_size(root, split, decoded.facts);
  decoded.images = memory.bytes.first(good * bytes);
  decoded.owner = memory.owner;
  return decoded;
}

}  // namespace cucurbit
