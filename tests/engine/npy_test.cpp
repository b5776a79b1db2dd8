#include "engine/io/npy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;
using Shape = std::vector<int64_t>;

std::string npy(std::string_view header, std::string_view data, char major = 1) {
  std::string bytes = {'\x93', 'N', 'U', 'M', 'P', 'Y', major, 0};
  bytes.push_back(static_cast<char>(header.size() & 0xff));
  bytes.push_back(static_cast<char>(header.size() >> 8));
  return bytes.append(header).append(data);
}

std::string_view text_of(const NpyArray& array) {
  return {reinterpret_cast<const char*>(array.data.data()), array.data.size()};
}

class Npy : public ::testing::Test {
 protected:
  void expect_rejected(std::string_view bytes, std::initializer_list<std::string_view> parts) {
    SCOPED_TRACE(bytes.substr(0, 200));
    write_bytes(path, bytes);
    const std::string message = expect_error(ErrorKind::input, parts, [&] { read_npy(path); });
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
  }

  TemporaryFolder folder;
  fs::path path = folder / "logits.npy";
};

// The bytes that numpy.save writes for numpy.array([[1, -2, 0.5]], dtype='<f4').
TEST_F(Npy, WritesWhatNumpyWrites) {
  const float values[] = {1, -2, 0.5f};
  write_npy(path, DType::f32, Shape{1, 3}, std::as_bytes(std::span(values)));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
  header.append(117 - header.size(), ' ').append("\n");
  const std::string_view data("\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f", 12);
  EXPECT_EQ(read_bytes(path), npy(header, data));
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST_F(Npy, ReadsWhatWasWritten) {
  const std::string bytes(6 * 8, 'x');
  for (const DType type : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}) {
    for (const Shape& shape : {Shape{6}, Shape{2, 3}, Shape{1, 2, 3, 1}, Shape{}, Shape{0}, Shape{4, 0}}) {
      size_t size = size_of(type);
      for (const int64_t extent : shape) size *= size_t(extent);
      const std::string_view data = std::string_view(bytes).substr(0, size);
      write_npy(path, type, shape, std::as_bytes(std::span(data)));
      EXPECT_EQ(fs::file_size(path) % 64, size % 64);
      const NpyArray array = read_npy(path);
      EXPECT_EQ(array.dtype, type);
      EXPECT_EQ(array.shape, shape);
      EXPECT_EQ(text_of(array), data);
    }
  }
}

TEST_F(Npy, ReadsOtherWritersHeaders) {
  write_bytes(path, npy("{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<u1\"}\n", "ab"));
  const NpyArray array = read_npy(path);
  EXPECT_EQ(array.dtype, DType::u8);
  EXPECT_EQ(array.shape, Shape{2});
  EXPECT_EQ(text_of(array), "ab");
}

TEST_F(Npy, NumpyReadsIt) {
  if (std::system("python3 -c 'import numpy' 2>/dev/null") != 0) GTEST_SKIP() << "python3 has no numpy";
  const std::pair<DType, const char*> types[] = {{DType::f32, "float32"},
                                                 {DType::f64, "float64"},
                                                 {DType::i32, "int32"},
                                                 {DType::i64, "int64"},
                                                 {DType::u8, "uint8"}};
  for (const auto& [type, name] : types) {
    const std::string data(6 * size_of(type), '\1');
    write_npy(path, type, Shape{2, 3}, std::as_bytes(std::span(data)));
    const std::string command = "python3 -c \"import numpy; a = numpy.load('" + path.string() +
                                "'); assert a.shape == (2, 3) and a.dtype == '" + name +
                                "' and a.tobytes() == bytes([1] * a.nbytes); numpy.save('" + path.string() + "', a)\"";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    EXPECT_EQ(text_of(read_npy(path)), data);
  }
}

TEST_F(Npy, RefusesToWriteNonsense) {
  const std::string data = "abcd";
  const auto bytes = std::as_bytes(std::span(data));
  expect_error(ErrorKind::bug, {path.string(), "4 bytes"}, [&] { write_npy(path, DType::f32, Shape{2}, bytes); });
  expect_error(ErrorKind::bug, {path.string(), "bf16"}, [&] { write_npy(path, DType::bf16, Shape{2}, bytes); });
  expect_error(ErrorKind::bug, {path.string()}, [&] { write_npy(path, DType::u8, Shape{-2, -2}, bytes); });
  expect_error(ErrorKind::io, {"absent/logits.npy", "create the folder"},
               [&] { write_npy(folder / "absent/logits.npy", DType::f32, Shape{1}, bytes); });
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST_F(Npy, MissingOrUnreadable) {
  expect_error(ErrorKind::io, {path.string(), "No such file"}, [&] { read_npy(path); });
  expect_error(ErrorKind::io, {folder.path().string(), "Is a directory"}, [&] { read_npy(folder.path()); });
}

TEST_F(Npy, EveryTruncationIsNoticed) {
  const std::string data(16, 'x');
  write_npy(path, DType::f32, Shape{4}, std::as_bytes(std::span(data)));
  const std::string bytes = read_bytes(path);
  expect_rejected("", {"truncated"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    expect_rejected(std::string_view(bytes).substr(0, size), {"truncated", "bytes"});
  }
  expect_rejected(bytes + "x", {"too long"});
}

TEST_F(Npy, WrongKind) {
  expect_rejected("PK\x03\x04 a zip archive", {"not an NPY file"});
  expect_rejected(npy("{}\n", "", 2), {"version 2.0"});
  expect_rejected(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", "abcd"), {">f4", "astype"});
  expect_rejected(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }\n", "ab"), {"<f2"});
  expect_rejected(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }\n", "abcd"), {"Fortran order"});
}

TEST_F(Npy, BrokenHeader) {
  const std::string_view broken[] = {
      "",
      "\n",
      "{}\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }x\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,, }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (-0,), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775808,), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1",
      "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (1,), }\n",
      "{'descr': '|u1', 'fortran_order': False }\n",
      "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}\n",
      "{'descr': '|u1",
      "{'descr",
  };
  for (const std::string_view header : broken) expect_rejected(npy(header, "a"), {"header", "damaged"});
}

TEST_F(Npy, ImpossibleShape) {
  expect_rejected(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n", ""),
                  {"larger than any file"});
  expect_rejected(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,), }\n", "abc"),
                  {"truncated", "1099511627776"});
}

}  // namespace
}  // namespace cucurbit::test
