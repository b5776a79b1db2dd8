#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "kernels/error.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

const char* remedy(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return "free some space or choose another folder";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder that you may write to";
    case ENOENT:
    case ENOTDIR:
      return "create the folder first or correct the path";
    case EISDIR:
      return "give a file inside the folder";
    case EFBIG:
      return "raise the limit on file sizes or choose another file system";
    default:
      return "check the path and the device it lies on";
  }
}

/// Follows symbolic links, also dangling ones, so that a link remains a link, to the new content.
fs::path resolve(fs::path path) {
  constexpr int kMostLinks = 40;  // the limit of the kernel
  std::error_code failure;
  for (int links = 0; links < kMostLinks; ++links) {
    const fs::path target = fs::read_symlink(path, failure);
    if (failure) break;  // not a link
    path = path.parent_path() / target;
  }
  return path;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

AtomicFile::AtomicFile(fs::path path) : asked_for_(std::move(path)), path_(resolve(asked_for_)) {
  std::error_code failure;
  const fs::file_type type = fs::status(path_, failure).type();
  if (path_.empty()) fail(ENOENT);
  if (type == fs::file_type::none) fail(failure.value());
  if (type == fs::file_type::directory || !path_.has_filename()) fail(EISDIR);
  if (type != fs::file_type::regular && type != fs::file_type::not_found) {
    throw Error(ErrorKind::io, fmt::format("[write] {}: this is a device, pipe or socket: give an ordinary file",
                                           asked_for_.string()));
  }
  create_temporary();
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::create_temporary() {
  static std::atomic<unsigned> next{0};
  while (descriptor_ < 0) {
    const fs::path candidate = folder_of(path_) / fmt::format(".cucurbit-{}-{}.tmp", ::getpid(), next++);
    descriptor_ = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) {
      temporary_ = candidate;
    } else if (errno != EEXIST && errno != EINTR) {
      fail(errno);
    }
  }
}

void AtomicFile::require_open(const char* operation) const {
  if (descriptor_ >= 0) return;
  throw Error(ErrorKind::bug,
              fmt::format("[write] {}: {} after commit: write everything before it", asked_for_.string(), operation));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr size_t kPiece = size_t{1} << 30;  // write(2) moves at most 2 GiB at once
  require_open("write");
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kPiece));
    if (done >= 0) {
      bytes = bytes.subspan(size_t(done));
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

void AtomicFile::commit() {
  require_open("commit");
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail(errno);  // EINVAL: the file system cannot flush
  if (::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  temporary_.clear();
  flush_folder();
}

void AtomicFile::flush_folder() const {
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;  // a folder that may be written but not listed: the rename is done, only its flush is missing
  const int failure = ::fsync(folder) == 0 ? 0 : errno;
  ::close(folder);
  if (failure != 0 && failure != EINVAL) fail(failure);
}

void AtomicFile::fail(int code) const {
  throw Error(ErrorKind::io, fmt::format("[write] {}: cannot write: {}: {}", asked_for_.string(),
                                         std::generic_category().message(code), remedy(code)));
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace cucurbit
