#include "engine/io/inflating_reader.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "kernels/error.h"

namespace cucurbit {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 18;
constexpr std::uint64_t kDeflateRatio = 1032;  // no deflate stream expands further (zlib's technical notes)
constexpr int kGzipOnly = 16 + MAX_WBITS;

bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

}  // namespace

struct InflatingReader::Stream {
  z_stream z = {};
  Stream() {
    if (inflateInit2(&z, kGzipOnly) != Z_OK) {
      throw Error(ErrorKind::out_of_memory, "[gzip] no memory for decompression: free some memory");
    }
  }
  ~Stream() { inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
};

InflatingReader::InflatingReader(const std::filesystem::path& path, std::string_view format)
    : file_(path, format), buffer_(kBufferSize) {
  refill();
  if (is_gzip(pending_)) stream_ = std::make_unique<Stream>();
}

InflatingReader::~InflatingReader() = default;

bool InflatingReader::refill() {
  pending_ = std::span<const std::byte>(buffer_.data(), file_.read(buffer_));
  return !pending_.empty();
}

std::uint64_t InflatingReader::largest_size() const {
  const std::uint64_t size = file_.size().value_or(0);
  return stream_ ? size * kDeflateRatio : size;
}

std::size_t InflatingReader::read(std::span<std::byte> bytes) {
  if (stream_) return inflate_into(bytes);
  const std::size_t buffered = std::min(bytes.size(), pending_.size());
  if (buffered > 0) std::memcpy(bytes.data(), pending_.data(), buffered);
  pending_ = pending_.subspan(buffered);
  return buffered + file_.read(bytes.subspan(buffered));
}

std::size_t InflatingReader::inflate_into(std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size() && !ended_) {
    if (pending_.empty() && !refill()) {
      if (done > 0) break;
      reject(
          fmt::format("the gzip data ends early, after {} decompressed bytes: copy or download it again", delivered_));
    }
    z_stream& z = stream_->z;
    const std::size_t piece = std::min(bytes.size() - done, kBufferSize);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(pending_.data()));
    z.avail_in = static_cast<uInt>(pending_.size());
    z.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
    z.avail_out = static_cast<uInt>(piece);
    const int code = inflate(&z, Z_NO_FLUSH);
    pending_ = pending_.last(z.avail_in);
    done += piece - z.avail_out;
    if (code == Z_STREAM_END) {
      ended_ = !begin_next_member();
    } else if (code == Z_MEM_ERROR) {
      throw Error(ErrorKind::out_of_memory, "[gzip] no memory for decompression: free some memory");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      reject(fmt::format("the gzip data is damaged after {} decompressed bytes ({}): copy or download it again",
                         delivered_ + done, z.msg != nullptr ? z.msg : "needs a dictionary"));
    }
  }
  delivered_ += done;
  return done;
}

bool InflatingReader::begin_next_member() {
  if (pending_.empty() && !refill()) return false;
  std::byte start[2] = {pending_[0], std::byte{}};
  if (pending_.size() >= 2) {
    start[1] = pending_[1];
  } else {
    const std::size_t got = file_.read(std::span(buffer_).subspan(1));  // a member may begin at the buffer's last byte
    buffer_[0] = start[0];
    pending_ = std::span<const std::byte>(buffer_.data(), 1 + got);
    if (got > 0) start[1] = pending_[1];
  }
  if (!is_gzip(start)) {
    reject("extra bytes follow the gzip data: the file is damaged: copy or download it again");
  }
  inflateReset(&stream_->z);
  return true;
}

}  // namespace cucurbit
