// Reading an image folder, alternating with a plain loop that decodes the same files by stb_image on one core.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/support/main.h"
#include "engine/data/image_folder.h"

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#include <stb/stb_image_resize.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

namespace fs = std::filesystem;

struct Kind {
  const char* name;
  bool jpeg;
  int height, width, files, img_size;  // img_size 0: not resized
};

/// A folder of two classes whose images are waves with a little noise. The destructor removes it.
class Folder {
 public:
  explicit Folder(const Kind& kind) : path_(fs::temp_directory_path() / fmt::format("cucurbit-bench-{}", getpid())) {
    for (const char* name : {"a", "b"}) fs::create_directories(path_ / name);
    for (int i = 0; i < kind.files; ++i) write(kind, i);
  }
  ~Folder() { fs::remove_all(path_); }

  const fs::path& path() const { return path_; }
  /// The files in the order in which a folder is read.
  const std::vector<fs::path>& files() const { return files_; }

 private:
  void write(const Kind& kind, int number) {
    std::vector<uint8_t> pixels;
    uint32_t state = uint32_t(number) + 1;
    for (int y = 0; y < kind.height; ++y)
      for (int x = 0; x < kind.width; ++x)
        for (int c = 0; c < 3; ++c) {
          const int noise = int((state = state * 1664525 + 1013904223) >> 28);
          pixels.push_back(uint8_t(110 + noise + 100 * std::sin(0.05 * x + number + c) * std::cos(0.07 * y - c)));
        }
    files_.push_back(path_ / (2 * number < kind.files ? "a" : "b") / fmt::format("{:06}.png", number));
    const char* const file = files_.back().c_str();
    if (kind.jpeg)
      stbi_write_jpg(file, kind.width, kind.height, 3, pixels.data(), 90);
    else
      stbi_write_png(file, kind.width, kind.height, 3, pixels.data(), 3 * kind.width);
  }

  fs::path path_;
  std::vector<fs::path> files_;
};

/// The simplest implementation: reads, decodes and, if requested, resizes (by stretching) one image after another.
std::vector<uint8_t> plain_loop(const Kind& kind, const Folder& folder) {
  std::vector<uint8_t> images;
  const int height = kind.img_size ? kind.img_size : kind.height, width = kind.img_size ? kind.img_size : kind.width;
  const auto bytes = size_t(height) * size_t(width) * 3;
  for (const fs::path& path : folder.files()) {
    std::vector<uint8_t> file(fs::file_size(path));
    std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(file.data()), std::streamsize(file.size()));
    int w = 0, h = 0, channels = 0;
    uint8_t* const pixels = stbi_load_from_memory(file.data(), int(file.size()), &w, &h, &channels, 3);
    images.resize(images.size() + bytes);
    uint8_t* const target = images.data() + images.size() - bytes;
    if (kind.img_size)
      stbir_resize_uint8(pixels, w, h, 0, target, width, height, 0, 3);
    else
      std::copy_n(pixels, bytes, target);
    stbi_image_free(pixels);
  }
  return images;
}

struct Cost {
  double seconds = 0, processor_seconds = 0;  // the latter summed over all threads
};

template <class F>
Cost cost_of(F&& run) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor_start = std::clock();
  run();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          double(std::clock() - processor_start) / CLOCKS_PER_SEC};
}

/// Reports images per second of both. per_core is our throughput per core relative to the plain loop; per_core_busy is
/// the same by processor time, which depends less on other programs on the machine.
void decode(benchmark::State& state, const Kind& kind) {
  const Folder folder(kind);
  const FolderOptions options{.img_size = kind.img_size, .resize = ResizeMode::stretch};
  const std::vector<uint8_t> expected = plain_loop(kind, folder);
  const ImageSet got = load_image_folder(folder.path(), options).train.images;
  if (got.images.size() != expected.size()) return state.SkipWithError("the number of bytes differs from stb_image's");
  if (!kind.img_size && !std::equal(expected.begin(), expected.end(), got.images.begin()))
    return state.SkipWithError("the pixels differ from stb_image's");
  Cost plain, ours;
  const auto add = [](Cost& to, const Cost& cost) {
    to.seconds += cost.seconds;
    to.processor_seconds += cost.processor_seconds;
    return cost.seconds;
  };
  for (auto _ : state) {
    add(plain, cost_of([&] { benchmark::DoNotOptimize(plain_loop(kind, folder).data()); }));
    state.SetIterationTime(add(ours, cost_of([&] { load_image_folder(folder.path(), options); })));
  }
  const double images = double(kind.files) * double(state.iterations());
  state.counters["images/s"] = images / ours.seconds;
  state.counters["plain_images/s"] = images / plain.seconds;
  state.counters["per_core"] = plain.seconds / ours.seconds / double(std::max(1u, std::thread::hardware_concurrency()));
  state.counters["per_core_busy"] = plain.processor_seconds / ours.processor_seconds;
}

/// Reads the same folder from its cache.
void cached(benchmark::State& state, const Kind& kind) {
  const Folder folder(kind);
  const FolderOptions options{.img_size = kind.img_size, .cache_dir = folder.path() / ".cache", .cache_required = true};
  load_image_folder(folder.path(), options);
  double total = 0;
  for (auto _ : state) {
    const double time = cost_of([&] { load_image_folder(folder.path(), options); }).seconds;
    state.SetIterationTime(time);
    total += time;
  }
  state.counters["images/s"] = double(kind.files) * double(state.iterations()) / total;
}

void add_all() {
  static constexpr Kind kKinds[] = {{"png_32", false, 32, 32, 4000, 0},
                                    {"jpeg_32", true, 32, 32, 4000, 0},
                                    {"jpeg_375x500", true, 375, 500, 300, 0},
                                    {"jpeg_375x500_to_64", true, 375, 500, 300, 64},
                                    {"png_375x500_to_224", false, 375, 500, 150, 224}};
  for (const Kind& kind : kKinds) {
    const auto add = [&](const char* form, auto body) {
      benchmark::RegisterBenchmark(fmt::format("image_folder/{}/{}", kind.name, form).c_str(),
                                   [=](benchmark::State& state) { body(state, kind); })
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    };
    add("decode", decode);
    add("cached", cached);
  }
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
