#include "engine/io/mapped_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "kernels/error.h"

namespace cucurbit {
namespace {

std::string reason(int code) { return std::generic_category().message(code); }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  int failure = descriptor >= 0 && ::fstat(descriptor, &status) == 0 ? 0 : errno;
  if (failure == 0 && !S_ISREG(status.st_mode)) failure = EINVAL;
  size_ = size_t(status.st_size);
  if (failure == 0 && size_ > 0) {
    void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) {
      failure = errno;
    } else {
      bytes_ = static_cast<const uint8_t*>(mapped);
    }
  }
  if (descriptor >= 0) ::close(descriptor);
  if (failure != 0) {
    throw Error(ErrorKind::io, fmt::format("[map] {}: cannot read: {}: check the path and its permissions",
                                           path.string(), reason(failure)));
  }
}

MappedFile::~MappedFile() {
  if (bytes_ != nullptr) ::munmap(const_cast<uint8_t*>(bytes_), size_);
}

NewMappedFile::NewMappedFile(std::filesystem::path path, size_t size) : path_(std::move(path)), size_(size) {
  descriptor_ = ::open(path_.parent_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(errno);
  int failure = size_ > 0 ? ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size_)) : 0;
  if (failure == 0 && size_ > 0) {
    void* const mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (mapped == MAP_FAILED) {
      failure = errno;
    } else {
      bytes_ = static_cast<uint8_t*>(mapped);
    }
  }
  if (failure != 0) {
    ::close(descriptor_);
    fail(failure);
  }
}

NewMappedFile::~NewMappedFile() {
  if (bytes_ != nullptr) ::munmap(bytes_, size_);
  ::close(descriptor_);
}

void NewMappedFile::commit(size_t size, std::span<const uint8_t> more) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail(errno);
  for (size_t done = 0; done < more.size();) {
    const ssize_t put = ::pwrite(descriptor_, more.data() + done, more.size() - done, static_cast<off_t>(size + done));
    if (put < 0 && errno != EINTR) fail(errno);
    if (put > 0) done += size_t(put);
  }
  // linkat cannot replace an existing name, so the file first gets a temporary one, and rename replaces.
  const std::string own = fmt::format("/proc/self/fd/{}", descriptor_);
  const std::filesystem::path temporary = path_.string() + fmt::format(".{}.tmp", ::getpid());
  ::unlink(temporary.c_str());
  if (::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) != 0) fail(errno);
  if (::rename(temporary.c_str(), path_.c_str()) != 0) {
    const int failure = errno;
    ::unlink(temporary.c_str());
    fail(failure);
  }
}

void NewMappedFile::fail(int code) const {
  throw Error(ErrorKind::io, fmt::format("[map] {}: cannot write: {}: choose a folder on another file system",
                                         path_.string(), reason(code)));
}

}  // namespace cucurbit
