#include "engine/io/safetensors.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
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

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A file as another program would write it: no checksum, no padding.
std::string foreign(std::string_view header, std::string_view data) {
  const auto length = std::bit_cast<std::array<char, 8>>(uint64_t{header.size()});
  return std::string(length.data(), 8).append(header).append(data);
}

class Safetensors : public ::testing::Test {
 protected:
  void write_sample() {
    const TensorView tensors[] = {{"layer.bias", DType::bf16, {3}, bytes_of("abcdef")},
                                  {"labels", DType::u8, {1, 5}, bytes_of("12345")},
                                  {"layer.weight", DType::f32, {2, 1}, bytes_of("ABCDEFGH")},
                                  {"step", DType::i64, {}, bytes_of("stepstep")},
                                  {"none", DType::f64, {0, 7}, {}}};
    write_safetensors(path, tensors, {{"epoch", "3"}, {"classes", "[\"\xc3\xa4\",\"cucurbit.crc32\":\"\"]"}});
  }

  void expect_rejected(std::string_view bytes, std::initializer_list<std::string_view> parts) {
    write_bytes(path, bytes);
    const std::string message = expect_error(ErrorKind::input, parts, [&] { SafetensorsFile::read(path); });
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
  }

  void expect_rejected_header(std::string_view header, std::string_view data,
                              std::initializer_list<std::string_view> parts) {
    SCOPED_TRACE(header.substr(0, 200));
    expect_rejected(foreign(header, data), parts);
  }

  TemporaryFolder folder;
  fs::path path = folder / "model.safetensors";
};

TEST_F(Safetensors, ReadsWhatWasWritten) {
  write_sample();
  SafetensorsFile first = SafetensorsFile::read(path);
  const SafetensorsFile file = std::move(first);
  EXPECT_EQ(file.path(), path);
  ASSERT_EQ(file.tensors().size(), 5u);
  EXPECT_EQ(file.tensors()[0].name, "labels");
  EXPECT_EQ(text_of(file.at("labels").data), "12345");
  EXPECT_EQ(file.at("labels").shape, (std::vector<int64_t>{1, 5}));
  EXPECT_EQ(text_of(file.at("layer.weight").data), "ABCDEFGH");
  EXPECT_EQ(file.at("layer.weight").dtype, DType::f32);
  EXPECT_EQ(text_of(file.at("layer.bias").data), "abcdef");
  EXPECT_EQ(file.at("layer.bias").dtype, DType::bf16);
  EXPECT_EQ(text_of(file.at("step").data), "stepstep");
  EXPECT_TRUE(file.at("step").shape.empty());
  EXPECT_TRUE(file.at("none").data.empty());
  EXPECT_EQ(file.metadata(), (Metadata{{"epoch", "3"}, {"classes", "[\"\xc3\xa4\",\"cucurbit.crc32\":\"\"]"}}));
  for (const TensorView& tensor : file.tensors()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data.data()) % size_of(tensor.dtype), 0u) << tensor.name;
  }
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST_F(Safetensors, EveryType) {
  const std::pair<DType, std::string_view> types[] = {{DType::f32, "F32"}, {DType::bf16, "BF16"}, {DType::f64, "F64"},
                                                      {DType::i32, "I32"}, {DType::i64, "I64"},   {DType::u8, "U8"}};
  for (const auto& [type, code] : types) {
    const std::string data(3 * size_of(type), 'x');
    const TensorView tensor[] = {{"t", type, {3}, bytes_of(data)}};
    write_safetensors(path, tensor);
    EXPECT_NE(read_bytes(path).find("\"dtype\":\"" + std::string(code) + "\""), std::string::npos);
    EXPECT_EQ(SafetensorsFile::read(path).at("t").dtype, type);
  }
}

TEST_F(Safetensors, SameContentSameBytes) {
  const TensorView a = {"a", DType::u8, {1}, bytes_of("a")};
  const TensorView b = {"b", DType::f64, {1}, bytes_of("bbbbbbbb")};
  const TensorView forward[] = {a, b};
  const TensorView backward[] = {b, a};
  write_safetensors(path, forward, {{"k", "v"}});
  const std::string bytes = read_bytes(path);
  write_safetensors(path, backward, {{"k", "v"}});
  EXPECT_EQ(read_bytes(path), bytes);
  EXPECT_EQ(std::bit_cast<uint64_t>(*reinterpret_cast<const std::array<char, 8>*>(bytes.data())) % 8, 0u);
  EXPECT_TRUE(bytes.ends_with("bbbbbbbba"));  // the widest first, so that all are aligned
}

TEST_F(Safetensors, NoTensors) {
  write_safetensors(path, {});
  EXPECT_TRUE(SafetensorsFile::read(path).tensors().empty());
  write_bytes(path, foreign("{}", ""));
  EXPECT_TRUE(SafetensorsFile::read(path).tensors().empty());
}

TEST_F(Safetensors, FilesOfOtherPrograms) {
  write_bytes(path, foreign(R"({"b":{"data_offsets":[1,5],"dtype":"F32","shape":[1]},
                              "a":{"dtype":"U8","shape":[1,1,1],"data_offsets":[0,1]},
                              "__metadata__":{"format":"pt"}}   )",
                            "aBBBB"));
  const SafetensorsFile file = SafetensorsFile::read(path);
  EXPECT_EQ(text_of(file.at("a").data), "a");
  EXPECT_EQ(text_of(file.at("b").data), "BBBB");
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "pt"}}));
}

TEST_F(Safetensors, EveryFlippedBitIsNoticed) {
  write_sample();
  const std::string bytes = read_bytes(path);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    SCOPED_TRACE(bit);
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    expect_rejected(damaged, {});
  }
}

TEST_F(Safetensors, EveryTruncationIsNoticed) {
  write_sample();
  const std::string bytes = read_bytes(path);
  for (size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    expect_rejected(std::string_view(bytes).substr(0, size), {"truncated", "bytes"});
  }
  expect_rejected(bytes + '\0', {"too long"});
}

TEST_F(Safetensors, TruncationEvery4KiB) {
  const std::string data(30000, 'x');
  const TensorView tensor[] = {{"weight", DType::u8, {30000}, bytes_of(data)}};
  write_safetensors(path, tensor);
  const std::string bytes = read_bytes(path);
  for (size_t size = 0; size < bytes.size(); size += 4096) {
    expect_rejected(std::string_view(bytes).substr(0, size), {"truncated"});
  }
}

TEST_F(Safetensors, RewrittenByAnotherProgram) {
  write_bytes(path, foreign(R"({"__metadata__": {"cucurbit.crc32": "00000000", "cucurbit.format": "1"}})", ""));
  expect_rejected(read_bytes(path), {"cucurbit.crc32", "another program"});
  expect_rejected_header(R"({"__metadata__":{"cucurbit.crc32":"00000000"}})", "", {"checksum", "damaged"});
  expect_rejected_header(R"({"__metadata__":{"cucurbit.crc32":"0"}})", "", {"another program"});
}

TEST_F(Safetensors, MissingOrUnreadable) {
  expect_error(ErrorKind::io, {"/absent", "No such file"}, [&] { SafetensorsFile::read(folder / "absent"); });
  expect_error(ErrorKind::io, {folder.path().string(), "Is a directory"},
               [&] { SafetensorsFile::read(folder.path()); });
  expect_error(ErrorKind::input, {"/dev/null", "device"}, [] { SafetensorsFile::read("/dev/null"); });
}

TEST_F(Safetensors, HeaderLength) {
  expect_rejected("1234567", {"truncated", "7"});
  expect_rejected(std::string(8, '\xff'), {"header", "at most 100000000"});
  expect_rejected(std::string("\x01\xe1\xf5\x05\0\0\0\0", 8), {"100000001 bytes"});
  expect_rejected(std::string("\x03\0\0\0\0\0\0\0{}", 10), {"truncated", "3 bytes"});
  expect_rejected_header("", "", {"does not begin with '{'"});
}

TEST_F(Safetensors, BrokenJson) {
  expect_rejected_header("{", "", {"not valid JSON"});
  expect_rejected_header("[]", "", {"does not begin with '{'"});
  expect_rejected_header(" {}", "", {"does not begin with '{'"});
  expect_rejected_header("{} x", "", {"not valid JSON"});
  expect_rejected_header("{\"\xff\":1}", "", {"not valid JSON"});
  expect_rejected_header(R"({"a":1e999})", "", {"out of range"});
  expect_rejected_header(R"({"a":)" + std::string(1 << 20, '['), "", {"nested too deeply"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", "x", {"nested too deeply"});
}

TEST_F(Safetensors, DuplicateKeys) {
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                         R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                         "x", {"\"a\" occurs twice"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", "x",
                         {"\"shape\" occurs twice"});
}

TEST_F(Safetensors, BrokenEntries) {
  expect_rejected_header(R"({"a":1})", "", {"\"a\" needs exactly"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1]}})", "x", {"needs exactly"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}})", "x", {"needs exactly"});
  expect_rejected_header(R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})", "xx", {"\"F16\"", "convert"});
  expect_rejected_header(R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", "x", {"dtype of \"a\""});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})", "x", {"must be a list"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", "x", {"two numbers"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", "x", {"-1"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", "x", {"1.0"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}})", "x", {"\"1\""});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}})", "x",
                         {"9223372036854775808"});
  expect_rejected_header(R"({"__metadata__":[]})", "", {"not an object"});
  expect_rejected_header(R"({"__metadata__":{"k":1}})", "", {"\"k\" is not text"});
}

TEST_F(Safetensors, SizesAndOffsets) {
  expect_rejected_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "xxxx", {"F32 [2] cannot lie"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", "x", {"from byte 2 to 1"});
  // 2^32 * 2^32 * 1 byte overflows to 0.
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "",
                         {"cannot lie"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", "xx", {"begins at byte 1"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                         R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                         "xxx", {"\"b\" begins at byte 1", "ends at 2"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                         R"("b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                         "xxx", {"\"b\" begins at byte 2", "ends at 1"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "xy", {"too long"});
  expect_rejected_header(R"({"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}})", "x",
                         {"truncated", "1099511627776 bytes", "has 1"});
}

TEST_F(Safetensors, UnknownTensor) {
  write_sample();
  const SafetensorsFile file = SafetensorsFile::read(path);
  expect_error(ErrorKind::input, {path.string(), "\"layer.wait\"", "\"layer.weight\"", "same network"},
               [&] { file.at("layer.wait"); });
}

TEST_F(Safetensors, RefusesToWriteNonsense) {
  const TensorView good = {"a", DType::u8, {1}, bytes_of("a")};
  const auto expect_bug = [&](std::vector<TensorView> tensors, const Metadata& metadata, std::string_view part) {
    expect_error(ErrorKind::bug, {part}, [&] { write_safetensors(path, tensors, metadata); });
  };
  expect_bug({good, good}, {}, "given twice");
  expect_bug({{"a", DType::f32, {1}, bytes_of("a")}}, {}, "does not fit its shape");
  expect_bug({{"a", DType::u8, {-1, -1}, bytes_of("a")}}, {}, "does not fit its shape");
  expect_bug({{"__metadata__", DType::u8, {1}, bytes_of("a")}}, {}, "reserved name");
  expect_bug({good}, {{"cucurbit.crc32", "0"}}, "reserved key");
  expect_bug({good}, {{"text", "\xff"}}, "UTF-8");
  expect_bug({{"\xff", DType::u8, {1}, bytes_of("a")}}, {}, "UTF-8");
  expect_error(ErrorKind::io, {"absent/model", "create the folder"},
               [&] { write_safetensors(folder / "absent/model", {{good}}); });
  EXPECT_EQ(folder.file_count(), 0u);
}

}  // namespace
}  // namespace cucurbit::test
