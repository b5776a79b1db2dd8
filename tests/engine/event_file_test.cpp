// TensorBoard's files, read back by a parser of their formats that shares nothing with the writer.
#include "engine/io/event_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

/// CRC-32C bit by bit.
uint32_t crc32c(const std::string& bytes) {
  uint32_t crc = 0xffffffff;
  for (const char c : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const uint32_t low = (crc ^ uint32_t(static_cast<unsigned char>(c)) >> bit) & 1;
      crc = (crc >> 1) ^ (low ? 0x82f63b78 : 0);
    }
  return crc ^ 0xffffffff;
}

struct Reader {
  std::string bytes;
  size_t at = 0;

  bool done() const { return at >= bytes.size(); }
  std::string take(size_t n) {
    EXPECT_LE(at + n, bytes.size());
    at += n;
    return bytes.substr(at - n, n);
  }
  template <class T>
  T number() {
    T value{};
    const std::string raw = take(sizeof value);
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = number<uint8_t>();
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  }
};

uint32_t unmasked(uint32_t masked) {
  const uint32_t turned = masked - 0xa282ead8u;
  return turned >> 17 | turned << 15;
}

struct Event {
  double wall_time = 0;
  int64_t step = 0;
  std::string version;
  std::vector<std::pair<std::string, float>> scalars;
};

std::pair<std::string, float> parse_value(Reader value) {
  std::pair<std::string, float> result;
  while (!value.done()) {
    const uint64_t key = value.varint();
    if (key == (1 << 3 | 2))
      result.first = value.take(value.varint());
    else if (key == (2 << 3 | 5))
      result.second = value.number<float>();
    else
      ADD_FAILURE() << "value has a field " << key;
    if (testing::Test::HasFailure()) break;
  }
  return result;
}

Event parse_event(Reader data) {
  Event event;
  while (!data.done() && !testing::Test::HasFailure()) {
    const uint64_t key = data.varint();
    if (key == (1 << 3 | 1))
      event.wall_time = data.number<double>();
    else if (key == (2 << 3 | 0))
      event.step = int64_t(data.varint());
    else if (key == (3 << 3 | 2))
      event.version = data.take(data.varint());
    else if (key == (5 << 3 | 2)) {
      Reader summary{data.take(data.varint())};
      while (!summary.done()) {
        EXPECT_EQ(summary.varint(), 1u << 3 | 2);
        event.scalars.push_back(parse_value({summary.take(summary.varint())}));
      }
    } else {
      ADD_FAILURE() << "event has a field " << key;
    }
  }
  return event;
}

std::vector<Event> parse_file(const std::filesystem::path& path) {
  Reader file{read_bytes(path)};
  std::vector<Event> events;
  while (!file.done() && !testing::Test::HasFailure()) {
    const std::string length = file.take(8);
    EXPECT_EQ(unmasked(file.number<uint32_t>()), crc32c(length));
    uint64_t size = 0;
    std::memcpy(&size, length.data(), 8);
    const std::string data = file.take(size);
    EXPECT_EQ(unmasked(file.number<uint32_t>()), crc32c(data));
    events.push_back(parse_event({data}));
  }
  return events;
}

TEST(EventFile, TheParsersChecksumIsCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);            // the check value of the catalogues
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
}

TEST(EventFile, ReadsBackByTheFormat) {
  const TemporaryFolder folder;
  EventFile file(folder.path());
  EXPECT_EQ(folder.file_count(), 0u);
  file.add(1, {{"loss/train", 2.5}, {"loss/validation", -1e-7}});
  file.add(300, {{std::string(200, 't'), 1e30}});
  file.add(int64_t(1) << 40, {});
  ASSERT_EQ(folder.file_count(), 1u);
  EXPECT_TRUE(file.path().filename().string().starts_with("events.out.tfevents."));
  const std::vector<Event> events = parse_file(file.path());
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].version, "brain.Event:2");
  EXPECT_NEAR(events[0].wall_time, double(time(nullptr)), 60);
  EXPECT_EQ(events[1].step, 1);
  EXPECT_EQ(events[1].scalars,
            (std::vector<std::pair<std::string, float>>{{"loss/train", 2.5f}, {"loss/validation", -1e-7f}}));
  EXPECT_EQ(events[2].step, 300);
  EXPECT_EQ(events[2].scalars[0].first, std::string(200, 't'));
  EXPECT_EQ(events[3].step, int64_t(1) << 40);
}

TEST(EventFile, AnotherWriterTakesAnotherName) {
  const TemporaryFolder folder;
  EventFile first(folder.path()), second(folder.path());
  first.add(1, {{"a", 1}});
  second.add(2, {{"a", 2}});
  EXPECT_EQ(folder.file_count(), 2u);
}

TEST(EventFile, AFolderThatIsNotThereIsNamed) {
  EventFile file("/nonexistent/folder");
  expect_error(ErrorKind::io, {"/nonexistent/folder"}, [&] { file.add(1, {{"a", 1}}); });
}

}  // namespace
}  // namespace cucurbit::test
