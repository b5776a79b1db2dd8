#include "engine/io/decompressing_reader.h"

#include <fmt/core.h>
#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "kernels/error.h"

namespace cucurbit {
namespace {

constexpr size_t kBufferSize = size_t{1} << 18;
constexpr uint64_t kDeflateRatio = 1032;  // no deflate stream expands further (zlib's technical notes)
constexpr uint64_t kXzMemory = uint64_t{1} << 30;
constexpr int kGzipOnly = 16 + MAX_WBITS;

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kXzMagic{
    "\xfd"
    "7zXZ\0",
    6};

[[noreturn]] void out_of_memory(std::string_view format) {
  throw Error(ErrorKind::out_of_memory, fmt::format("[{}] no memory for decompression: free some memory", format));
}

}  // namespace

/// Turns compressed bytes into plain ones.
struct DecompressingReader::Decoder {
  virtual ~Decoder() = default;

  /// Takes from the front of `in`, writes to `out`, and shortens both by what it used. `last`: nothing follows `in`.
  /// Returns what is wrong with the data, or an empty text.
  virtual std::string decode(std::span<const std::byte>& in, std::span<std::byte>& out, bool last) = 0;

  std::string_view format;
  bool ended = false;
  bool trailing = false;  // bytes follow the end
};

struct DecompressingReader::GzipDecoder : Decoder {
  GzipDecoder() {
    format = "gzip";
    if (inflateInit2(&z, kGzipOnly) != Z_OK) out_of_memory(format);
  }
  ~GzipDecoder() override { inflateEnd(&z); }

  std::string decode(std::span<const std::byte>& in, std::span<std::byte>& out, bool last) override {
    if (between_members && !begin_next_member(in, last)) return {};
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&z, Z_NO_FLUSH);
    in = in.last(z.avail_in);
    out = out.last(z.avail_out);
    if (code == Z_MEM_ERROR) out_of_memory(format);
    if (code == Z_STREAM_END) {
      between_members = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return z.msg != nullptr ? z.msg : "needs a dictionary";
    }
    return {};
  }

  /// False at the end, and if more input is needed: the two bytes of a member's magic may arrive separately.
  bool begin_next_member(std::span<const std::byte> in, bool last) {
    if (!last && in.size() < kGzipMagic.size()) return false;
    trailing = !in.empty() && !begins_with(in, kGzipMagic);
    ended = in.empty() || trailing;
    if (ended) return false;
    inflateReset(&z);
    between_members = false;
    return true;
  }

  z_stream z = {};
  bool between_members = false;
};

struct DecompressingReader::XzDecoder : Decoder {
  XzDecoder() {
    format = "xz";
    lzma_mt options = {};  // its threads decompress the blocks of a file in parallel
    options.flags = LZMA_CONCATENATED;
    options.threads = std::max(1u, std::thread::hardware_concurrency());
    options.memlimit_threading = options.memlimit_stop = kXzMemory;
    if (lzma_stream_decoder_mt(&stream, &options) != LZMA_OK) out_of_memory(format);
  }
  ~XzDecoder() override { lzma_end(&stream); }

  std::string decode(std::span<const std::byte>& in, std::span<std::byte>& out, bool last) override {
    stream.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream.avail_in = in.size();
    stream.next_out = reinterpret_cast<uint8_t*>(out.data());
    stream.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream, last ? LZMA_FINISH : LZMA_RUN);
    in = in.last(stream.avail_in);
    out = out.last(stream.avail_out);
    switch (code) {
      case LZMA_STREAM_END:
        ended = true;
        return {};
      case LZMA_OK:
      case LZMA_BUF_ERROR:  // no progress, which the caller sees by what is left
        return {};
      case LZMA_MEM_ERROR:
        out_of_memory(format);
      case LZMA_MEMLIMIT_ERROR:
        return "needs more than 1 GiB of memory";
      default:
        return "wrong checksums or headers";
    }
  }

  lzma_stream stream = LZMA_STREAM_INIT;
};

DecompressingReader::DecompressingReader(const std::filesystem::path& path, std::string_view format)
    : file_(path, format), buffer_(kBufferSize) {
  refill();
  if (begins_with(pending_, kGzipMagic)) decoder_ = std::make_unique<GzipDecoder>();
  if (begins_with(pending_, kXzMagic)) decoder_ = std::make_unique<XzDecoder>();
}

DecompressingReader::~DecompressingReader() = default;

/// Moves the pending bytes to the front of the buffer and reads more behind them; false at the end of the file.
bool DecompressingReader::refill() {
  const size_t kept = pending_.size();
  if (kept > 0) std::memmove(buffer_.data(), pending_.data(), kept);
  const size_t got = file_.read(std::span(buffer_).subspan(kept));
  pending_ = std::span<const std::byte>(buffer_.data(), kept + got);
  return got > 0;
}

uint64_t DecompressingReader::largest_size() const {
  const uint64_t size = file_.size().value_or(0);
  if (!decoder_) return size;
  return decoder_->format == "gzip" ? size * kDeflateRatio : 0;
}

std::span<const std::byte> DecompressingReader::peek(size_t size) {
  size = std::min(size, size_t{1} << 16);
  const size_t before = peeked_.size();
  if (before < size) {
    std::vector<std::byte> more(size - before);
    const std::vector<std::byte> first = std::move(peeked_);
    peeked_.clear();
    const size_t got = read(more);
    peeked_ = first;
    peeked_.insert(peeked_.end(), more.begin(), more.begin() + ptrdiff_t(got));
  }
  return std::span<const std::byte>(peeked_).first(std::min(size, peeked_.size()));
}

size_t DecompressingReader::read(std::span<std::byte> bytes) {
  const size_t known = std::min(bytes.size(), peeked_.size());
  if (known > 0) {
    std::memcpy(bytes.data(), peeked_.data(), known);
    peeked_.erase(peeked_.begin(), peeked_.begin() + ptrdiff_t(known));
    bytes = bytes.subspan(known);
  }
  if (bytes.empty()) return known;
  if (decoder_) return known + decode_into(bytes);
  const size_t buffered = std::min(bytes.size(), pending_.size());
  if (buffered > 0) std::memcpy(bytes.data(), pending_.data(), buffered);
  pending_ = pending_.subspan(buffered);
  return known + buffered + file_.read(bytes.subspan(buffered));
}

size_t DecompressingReader::decode_into(std::span<std::byte> bytes) {
  std::span<std::byte> out = bytes;
  bool last = false;
  while (!out.empty() && !decoder_->ended) {
    const size_t in_before = pending_.size();
    std::span<std::byte> piece = out.first(std::min(out.size(), kBufferSize));
    const size_t room = piece.size();
    const std::string wrong = decoder_->decode(pending_, piece, last);
    const size_t made = room - piece.size();
    out = out.subspan(made);
    delivered_ += made;
    if (decoder_->trailing)
      reject(fmt::format("extra bytes follow the {} data: the file is damaged: copy or download it again",
                         decoder_->format));
    if (!wrong.empty())
      reject(fmt::format("the {} data is damaged after {} decompressed bytes ({}): copy or download it again",
                         decoder_->format, delivered_, wrong));
    if (decoder_->ended || made > 0 || pending_.size() < in_before) continue;
    if (!last) {
      last = !refill();
    } else if (out.size() < bytes.size()) {
      break;  // deliver first what could be decompressed
    } else {
      reject(fmt::format("the {} data ends early, after {} decompressed bytes: copy or download it again",
                         decoder_->format, delivered_));
    }
  }
  return bytes.size() - out.size();
}

}  // namespace cucurbit
