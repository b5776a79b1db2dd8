#include "engine/io/input_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "kernels/error.h"

namespace cucurbit {
namespace {

const char* remedy(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EACCES:
    case EPERM:
      return "make it readable for this user";
    case EISDIR:
      return "give a file inside it";
    default:
      return "check the file and the device it lies on";
  }
}

Error io_error(const std::string& format, const std::filesystem::path& path, int code) {
  const std::string reason = std::generic_category().message(code);
  return Error(ErrorKind::io, fmt::format("[{}] {}: cannot read: {}: {}", format, path.string(), reason, remedy(code)));
}

}  // namespace

InputFile::InputFile(std::filesystem::path path, std::string_view format) : path_(std::move(path)), format_(format) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw io_error(format_, path_, errno);
  struct stat status = {};
  int failure = ::fstat(descriptor_, &status) == 0 ? 0 : errno;
  if (failure == 0 && S_ISDIR(status.st_mode)) failure = EISDIR;
  if (failure != 0) {
    ::close(descriptor_);
    throw io_error(format_, path_, failure);
  }
  if (S_ISREG(status.st_mode)) size_ = uint64_t(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

size_t InputFile::read(std::span<std::byte> bytes) {
  constexpr size_t kPiece = size_t{1} << 30;  // read(2) moves at most 2 GiB at once
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(descriptor_, bytes.data() + done, std::min(bytes.size() - done, kPiece));
    if (got == 0) break;
    if (got > 0) {
      done += size_t(got);
    } else if (errno != EINTR) {
      throw io_error(format_, path_, errno);
    }
  }
  return done;
}

void InputFile::reject(const std::string& message) const {
  throw Error(ErrorKind::input, fmt::format("[{}] {}: {}", format_, path_.string(), message));
}

}  // namespace cucurbit
