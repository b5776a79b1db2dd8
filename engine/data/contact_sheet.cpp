#include "engine/data/contact_sheet.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "engine/data/resize.h"
#include "engine/io/atomic_file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_easy_font.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace cucurbit {
namespace {

constexpr int64_t kSide = 64, kGap = 2, kTitle = 20, kColumns = 10, kMostRows = 100;
constexpr int64_t kTitleScale = 2;
constexpr int64_t kGridSide = 80, kGridColumns = 8, kLine = 11;  // of image grids
constexpr uint8_t kPaper = 255, kInk = 0;

/// A page of RGB pixels.
struct Page {
  int64_t height, width;
  std::vector<uint8_t> pixels;

  Page(int64_t rows, int64_t columns) : height(rows), width(columns), pixels(size_t(rows * columns * 3), kPaper) {}
  uint8_t* at(int64_t row, int64_t column) { return pixels.data() + (row * width + column) * 3; }
};

/// Draws up to column `end`. stb_easy_font knows ASCII, as rectangles.
void draw_text(Page& page, int64_t top, int64_t left, int64_t end, int64_t scale, std::string text) {
  struct Vertex {
    float x, y, z;
    uint8_t color[4];
  };
  for (char& c : text) c = c >= 32 && c < 127 ? c : '?';
  text.resize(std::min<size_t>(text.size(), 120));
  std::vector<Vertex> vertices(4 * 60 * (text.size() + 1));
  const int quads = stb_easy_font_print(0, 0, text.data(), nullptr, vertices.data(),
                                        static_cast<int>(vertices.size() * sizeof(Vertex)));
  for (int q = 0; q < quads; ++q) {
    const Vertex &first = vertices[4 * q], &last = vertices[4 * q + 2];
    const auto bottom = std::min(page.height, top + int64_t(last.y) * scale);
    const auto right = std::min(end, left + int64_t(last.x) * scale);
    for (int64_t y = top + int64_t(first.y) * scale; y < bottom; ++y)
      for (int64_t x = left + int64_t(first.x) * scale; x < right; ++x) std::memset(page.at(y, x), kInk, 3);
  }
}

void draw_image(Page& page, int64_t top, int64_t left, int64_t side, const ImageSet& set, int64_t image) {
  std::vector<uint8_t> small(size_t(side * side * set.channels));
  resize_image(set.image(image), set.height, set.width, set.channels, ResizeMode::crop, side, small);
  for (int64_t y = 0; y < side; ++y)
    for (int64_t x = 0; x < side; ++x)
      for (int64_t c = 0; c < 3; ++c)
        page.at(top + y, left + x)[c] = small[(y * side + x) * set.channels + (set.channels >= 3 ? c : 0)];
}

void write_page(const std::filesystem::path& path, const Page& page) {
  AtomicFile file(path);
  const auto write = [](void* to, void* bytes, int size) {
    static_cast<AtomicFile*>(to)->write(std::span(static_cast<const std::byte*>(bytes), size_t(size)));
  };
  stbi_write_png_to_func(write, &file, int(page.width), int(page.height), 3, page.pixels.data(), int(page.width * 3));
  file.commit();
}

}  // namespace

void write_contact_sheet(const std::filesystem::path& path, const ImageSet& set) {
  const std::vector<int64_t> counts = class_counts(set);
  const auto rows = std::min<int64_t>(int64_t(counts.size()), kMostRows);
  Page page(std::max<int64_t>(rows, 1) * (kTitle + kSide + kGap), kColumns * (kSide + kGap));
  std::vector<int64_t> drawn(counts.size());
  for (int64_t i = 0; i < set.count; ++i) {
    const auto label = size_t(set.labels[i]);
    if (int64_t(label) >= rows || drawn[label] == kColumns) continue;
    draw_image(page, int64_t(label) * (kTitle + kSide + kGap) + kTitle, drawn[label]++ * (kSide + kGap), kSide, set, i);
  }
  for (int64_t label = 0; label < rows; ++label) {
    const auto c = size_t(label);
    draw_text(page, label * (kTitle + kSide + kGap) + kGap, 0, page.width, kTitleScale,
              fmt::format("{}  {}", set.class_names[c], counts[c]));
  }
  write_page(path, page);
}

void write_image_grid(const std::filesystem::path& path, const ImageSet& set,
                      const std::vector<std::vector<std::string>>& captions) {
  size_t lines = 0;
  for (const std::vector<std::string>& caption : captions) lines = std::max(lines, caption.size());
  const int64_t tall = kGridSide + int64_t(lines) * kLine + 2 * kGap, wide = kGridSide + kGap;
  const auto columns = std::clamp<int64_t>(set.count, 1, kGridColumns);
  Page page(std::max<int64_t>((set.count + columns - 1) / columns, 1) * tall, columns * wide);
  for (int64_t i = 0; i < set.count; ++i) {
    const int64_t top = i / columns * tall, left = i % columns * wide;
    draw_image(page, top, left, kGridSide, set, i);
    int64_t line = top + kGridSide + kGap;
    for (const std::string& text : captions[i]) {
      draw_text(page, line, left, left + kGridSide, 1, text);
      line += kLine;
    }
  }
  write_page(path, page);
}

}  // namespace cucurbit
