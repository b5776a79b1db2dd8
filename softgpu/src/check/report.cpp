#include "report.h"

#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "../finding.h"
#include "memory.h"
#include "operations.h"
#include "running.h"

namespace softgpu::check {
namespace {

struct Kept {
  Access earlier, now;  ///< no earlier one: a read of what nothing wrote
  size_t bytes;
  Memory memory;
  std::string where;  ///< the memory, for a sentence
};

constexpr uint64_t kNotThread = ~kThreadMask;
using Places = std::tuple<uint64_t, uint64_t, bool>;  // the two accesses without their threads, whether of one launch

struct Pending {
  std::vector<Kept> findings;
  std::set<Places> places;  ///< of these, since the operation began
};

Pending& pending() {
  static Pending& pending = *new Pending;
  return pending;
}

/// Looking a place up costs milliseconds the first time.
const SourcePlace& place_of(const Access& access) {
  static auto& places = *new std::unordered_map<uint64_t, SourcePlace>;
  const uint64_t code = access.who & kCodeMask;
  auto found = places.find(code);
  if (found == places.end()) found = places.emplace(code, locate(reinterpret_cast<const void*>(code))).first;
  return found->second;
}

template <class Index>
uint3 indices_of(Index linear, dim3 size) {
  return {static_cast<unsigned>(linear % size.x), static_cast<unsigned>(linear / size.x % size.y),
          static_cast<unsigned>(linear / size.x / size.y)};
}

std::string count_of(size_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

Party party_of(const Access& access, size_t bytes) {
  const bool write = (access.who & kWrite) != 0;
  if (by_operation(access)) {
    return {.what = (write ? "write by " : "read by ") +
                    std::string(reinterpret_cast<const char*>(access.who & kCodeMask))};
  }
  const std::string kind = (access.who & kVolatile) != 0 ? "volatile " : (access.who & kAtomic) != 0 ? "atomic " : "";
  const SourcePlace& place = place_of(access);
  Party party{.what = kind + (write ? "write of " : "read of ") + count_of(bytes),
              .file = place.file,
              .line = place.line,
              .function = place.function};
  const Operation* const launch = find_operation(serial_of(access));
  if (launch != nullptr && launch->kernel != nullptr) {
    party.thread = {indices_of(thread_of(access), launch->block),
                    indices_of(block_index(*launch, serial_of(access)), launch->grid)};
  }
  return party;
}

size_t bytes_of(const Access& access) { return size_t{1} << (access.who >> kSizeShift); }

/// Whether this pair of places was not seen in this operation. Two accesses of one launch are another matter than the
/// same two of different operations.
bool is_new(const Access& earlier, const Access& now) {
  const bool same_launch = serial_of(earlier) >= current_operation().serial;
  return pending().places.insert({earlier.who & kNotThread, now.who & kNotThread, same_launch}).second;
}

std::string in_range(uintptr_t address, uintptr_t first, size_t bytes, const std::string& range) {
  return "byte " + std::to_string(address - first) + " of " + range + " of " + count_of(bytes);
}

Memory memory_of(uintptr_t address) {
  if (is_shared(address)) return Memory::shared;
  const Page* const page = find_page(address);
  return page == nullptr ? Memory::none : page->memory;
}

/// The memory at an address, for a sentence.
std::string name_of(uintptr_t address) {
  const SharedRange& dynamic = dynamic_shared;
  if (address - dynamic.first < dynamic.bytes) {
    return in_range(address, dynamic.first, dynamic.bytes, "the block's dynamic shared memory");
  }
  switch (memory_of(address)) {
    case Memory::shared:
      return "a __shared__ variable";
    case Memory::variable:
      return "a __device__ variable";
    default:
      break;
  }
  uintptr_t first = 0;
  size_t bytes = 0;
  if (!find_allocation(address, first, bytes)) return "device memory";
  return in_range(address, first, bytes, "an allocation");
}

bool is_mixed(const Kept& kept) { return ((kept.earlier.who ^ kept.now.who) & kAtomic) != 0; }

constexpr const char* kMixedHint = "one of the two is atomic and the other is not: make both atomic, or order them";

Finding race_in_block(const Kept& kept) {
  const bool same_warp = thread_of(kept.earlier) / 32 == thread_of(kept.now) / 32;
  Finding finding{.checker = "racecheck",
                  .kind = kept.memory == Memory::shared     ? "race-shared"
                          : kept.memory == Memory::variable ? "race-device-variable"
                                                            : "race-global",
                  .message = "two threads of a block access " + kept.where + " and no barrier orders them",
                  .hint = same_warp ? "__syncwarp() between the two, which are in one warp; or __syncthreads()"
                                    : "__syncthreads() between the two"};
  if (is_mixed(kept)) finding.hint = std::string(kMixedHint) + " by __syncthreads()";
  return finding;
}

Finding race_between_blocks(const Kept& kept) {
  return {
      .checker = "racecheck",
      .kind = kept.memory == Memory::variable ? "race-device-variable" : "race-between-blocks",
      .message = "two blocks of a launch access " + kept.where + ", and blocks run in any order or at the same time",
      .hint = is_mixed(kept) ? std::string(kMixedHint) + " by a second launch"
                             : "an atomic operation, a second launch, or __threadfence() by the writer before the "
                               "atomic that tells the reader"};
}

Finding race_between_operations(const Kept& kept) {
  return {.checker = "racecheck",
          .kind = "race-between-streams",
          .message = "two operations that no stream, event or synchronisation orders access " + kept.where,
          .hint = "cudaEventRecord after the first and cudaStreamWaitEvent before the second, or one stream for both"};
}

Finding undefined_read(const Kept& kept) {
  const bool shared = kept.memory == Memory::shared;
  return {.checker = "initcheck",
          .kind = shared ? "uninitialised-shared" : "uninitialised-global",
          .message = "a read of " + kept.where + ", which nothing wrote" +
                     (shared ? " since the block began" : " since it was allocated"),
          .hint = shared ? "a store before the read, by this thread, or by another and __syncthreads()"
                         : "cudaMemset, a copy, or a kernel that writes all of it"};
}

Finding describe(const Kept& kept) {
  if (kept.earlier.when == 0) {
    Finding finding = undefined_read(kept);
    finding.parties = {party_of(kept.now, kept.bytes)};
    return finding;
  }
  const bool same_block = serial_of(kept.earlier) == serial_of(kept.now);
  const bool same_operation = find_operation(serial_of(kept.earlier)) == find_operation(serial_of(kept.now));
  Finding finding = same_block       ? race_in_block(kept)
                    : same_operation ? race_between_blocks(kept)
                                     : race_between_operations(kept);
  finding.parties = {party_of(kept.earlier, bytes_of(kept.earlier)), party_of(kept.now, kept.bytes)};
  return finding;
}

}  // namespace

void report_race(const Access& earlier, const Access& now, uintptr_t address) {
  if (!is_new(earlier, now)) return;
  pending().findings.push_back({earlier, now, bytes_of(now), memory_of(address), name_of(address)});
}

void report_undefined(const Access& now, uintptr_t address, size_t bytes) {
  if (!is_new({}, now)) return;
  pending().findings.push_back({{}, now, bytes, memory_of(address), name_of(address)});
}

void flush_findings() {
  Pending& p = pending();
  if (p.places.empty()) return;
  for (const Kept& kept : p.findings) {
    Finding finding = describe(kept);
    const Operation* const operation = find_operation(serial_of(kept.now));
    if (operation != nullptr && operation->kernel != nullptr) finding.kernel = kernel_name(operation->kernel);
    report_finding(finding);
  }
  p = {};
}

}  // namespace softgpu::check
