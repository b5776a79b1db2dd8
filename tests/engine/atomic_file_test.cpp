#include "engine/io/atomic_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

TEST(AtomicFile, AppearsAtCommitOnly) {
  const TemporaryFolder folder;
  AtomicFile file(folder / "weights");
  file.write("first ");
  file.write("second");
  EXPECT_FALSE(fs::exists(folder / "weights"));
  file.commit();
  EXPECT_EQ(read_bytes(folder / "weights"), "first second");
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, ReplacesAnOlderFile) {
  const TemporaryFolder folder;
  write_bytes(folder / "weights", "a longer old content");
  write_file_atomically(folder / "weights", "new");
  EXPECT_EQ(read_bytes(folder / "weights"), "new");
  write_file_atomically(folder / "weights", "");
  EXPECT_EQ(read_bytes(folder / "weights"), "");
}

TEST(AtomicFile, LeavesNothingWhenAbandoned) {
  const TemporaryFolder folder;
  write_bytes(folder / "weights", "old");
  const auto interrupted = [&] {
    AtomicFile file(folder / "weights");
    file.write("half of the new");
    throw std::runtime_error("interrupted");
  };
  EXPECT_THROW(interrupted(), std::runtime_error);
  EXPECT_EQ(read_bytes(folder / "weights"), "old");
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, TwoWritersOfOneFileDoNotMix) {
  const TemporaryFolder folder;
  AtomicFile first(folder / "weights");
  AtomicFile second(folder / "weights");
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  EXPECT_EQ(read_bytes(folder / "weights"), "first");
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, FollowsASymbolicLink) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "far");
  fs::create_symlink("far/weights", folder / "link");
  write_file_atomically(folder / "link", "through a dangling link");
  EXPECT_EQ(read_bytes(folder / "far/weights"), "through a dangling link");
  write_file_atomically(folder / "link", "again");
  EXPECT_EQ(read_bytes(folder / "far/weights"), "again");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
}

TEST(AtomicFile, LinksInACircle) {
  const TemporaryFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  expect_error(ErrorKind::io, {"/a", "symbolic links"}, [&] { AtomicFile file(folder / "a"); });
}

TEST(AtomicFile, ObeysTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_file_atomically(folder / "weights", "text");
  ::umask(before);
  EXPECT_EQ(static_cast<unsigned>(fs::status(folder / "weights").permissions()), 0640u);
}

TEST(AtomicFile, MissingFolder) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::io, {"absent/weights", "No such file or directory", "create the folder"},
               [&] { AtomicFile file(folder / "absent/weights"); });
  write_bytes(folder / "plain", "");
  expect_error(ErrorKind::io, {"plain/weights", "Not a directory"}, [&] { AtomicFile file(folder / "plain/weights"); });
  expect_error(ErrorKind::io, {"[write]", "cannot write"}, [&] { AtomicFile file(fs::path{}); });
}

TEST(AtomicFile, FolderOrDeviceAsDestination) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::io, {folder.path().string(), "Is a directory"}, [&] { AtomicFile file(folder.path()); });
  expect_error(ErrorKind::io, {"/dev/null", "device"}, [&] { AtomicFile file("/dev/null"); });
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(AtomicFile, FolderThatMayNotBeWritten) {
  if (::geteuid() == 0) GTEST_SKIP() << "permissions do not stop root";
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  expect_error(ErrorKind::io, {"weights", "Permission denied", "may write"},
               [&] { AtomicFile file(folder / "weights"); });
  fs::permissions(folder.path(), fs::perms::owner_all);
}

// A file size limit stands for the full disk: both fail a write that is under way.
TEST(AtomicFile, FailureWhileWriting) {
  const TemporaryFolder folder;
  write_bytes(folder / "weights", "old");
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_error(ErrorKind::io, {"weights", "File too large", "raise the limit"},
               [&] { write_file_atomically(folder / "weights", std::string(10000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_bytes(folder / "weights"), "old");
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, NothingAfterCommit) {
  const TemporaryFolder folder;
  AtomicFile file(folder / "weights");
  file.commit();
  expect_error(ErrorKind::bug, {"weights"}, [&] { file.write("more"); });
  expect_error(ErrorKind::bug, {"weights"}, [&] { file.commit(); });
}

}  // namespace
}  // namespace cucurbit::test
