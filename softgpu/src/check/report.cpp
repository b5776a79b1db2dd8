#include "report.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../finding.h"
#include "memory.h"
#include "operations.h"
#include "running.h"

namespace softgpu::check {
namespace {

/// The smallest unit that two accesses have in common.
enum class Distance { warp, block, launch, nothing };

struct Kept {
  Access first, second;  ///< `first` is empty for a read of memory that was never written
  Distance distance;
  size_t bytes;
  Memory memory;
  std::string where;  ///< names the memory, as part of a sentence
};

struct Pending {
  std::vector<Kept> findings;
  std::map<std::pair<uint64_t, uint64_t>, size_t> known;  ///< index of the finding about two places
};

Pending& pending() {
  static Pending& pending = *new Pending;
  return pending;
}

/// The bits of an access that tell the place in the code and what was done there, without the thread.
uint64_t place_bits(const Access& access) { return access.who & ~kThreadMask; }

/// Places are cached because the first look-up of each costs milliseconds.
const SourcePlace& place_of(const void* code) {
  static auto& places = *new std::unordered_map<const void*, SourcePlace>;
  auto found = places.find(code);
  if (found == places.end()) found = places.emplace(code, locate(code)).first;
  return found->second;
}

template <class Index>
uint3 indices_of(Index linear, dim3 size) {
  return {static_cast<unsigned>(linear % size.x), static_cast<unsigned>(linear / size.x % size.y),
          static_cast<unsigned>(linear / size.x / size.y)};
}

std::string count_of(size_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

/// A copy, a fill or a vendor routine. Its place is the call that asked for it, unless that is one of softgpu's own.
Party party_of_operation(const Access& access) {
  Party party{.what = ((access.who & kWrite) != 0 ? "write by " : "read by ") +
                      std::string(reinterpret_cast<const char*>(access.who & kCodeMask))};
  const Operation* const operation = find_operation(serial_of(access));
  if (operation == nullptr || operation->site == nullptr) return party;
  const SourcePlace& place = place_of(operation->site);
  if (place.file.find("softgpu/src/") != std::string::npos) return party;
  party.file = place.file;
  party.line = place.line;
  party.function = place.function;
  return party;
}

Party party_of(const Access& access, size_t bytes) {
  const bool write = (access.who & kWrite) != 0;
  if (by_operation(access)) return party_of_operation(access);
  const std::string kind = (access.who & kVolatile) != 0 ? "volatile " : (access.who & kAtomic) != 0 ? "atomic " : "";
  const SourcePlace& place = place_of(reinterpret_cast<const void*>(access.who & kCodeMask));
  Party party{.what = kind + (write ? "write of " : "read of ") + count_of(bytes),
              .file = place.file,
              .line = place.line,
              .function = place.function};
  const Operation* const operation = find_operation(serial_of(access));
  if (operation != nullptr && operation->kernel != nullptr) {
    party.thread = {indices_of(thread_of(access), operation->block),
                    indices_of(block_index(*operation, serial_of(access)), operation->grid)};
  }
  return party;
}

size_t bytes_of(const Access& access) { return size_t{1} << (access.who >> kSizeShift); }

Distance between(const Access& a, const Access& b) {
  if (serial_of(a) == serial_of(b)) return thread_of(a) / 32 == thread_of(b) / 32 ? Distance::warp : Distance::block;
  return find_operation(serial_of(a)) == find_operation(serial_of(b)) ? Distance::launch : Distance::nothing;
}

std::string in_range(uintptr_t address, uintptr_t first, size_t bytes, const std::string& range) {
  return "byte " + std::to_string(address - first) + " of " + range + " of " + count_of(bytes);
}

Memory memory_of(uintptr_t address) {
  if (is_shared(address)) return Memory::shared;
  const Page* const page = find_page(address);
  return page == nullptr ? Memory::none : page->memory;
}

/// Names the memory at an address, as part of a sentence.
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

bool is_mixed(const Kept& kept) { return ((kept.first.who ^ kept.second.who) & kAtomic) != 0; }

/// Whether both accesses are on one line of the source, such as a `++` that several threads execute.
bool on_one_line(const Kept& kept) {
  const SourcePlace &first = place_of(reinterpret_cast<const void*>(kept.first.who & kCodeMask)),
                    &second = place_of(reinterpret_cast<const void*>(kept.second.who & kCodeMask));
  return first.line == second.line && first.file == second.file;
}

constexpr const char* kMixedHint = "make both accesses atomic, as one of the two is, or order them with ";

std::string hint_in_block(const Kept& kept) {
  if (is_mixed(kept)) return std::string(kMixedHint) + "__syncthreads()";
  if (on_one_line(kept)) return "use an atomic operation, or insert __syncthreads() between two executions of the line";
  return kept.distance == Distance::warp
             ? "insert __syncwarp() between the two, which are in one warp, or __syncthreads()"
             : "insert __syncthreads() between the two";
}

Finding race_in_block(const Kept& kept) {
  return {.checker = "racecheck",
          .kind = kept.memory == Memory::shared     ? "race-shared"
                  : kept.memory == Memory::variable ? "race-device-variable"
                                                    : "race-global",
          .message = "two threads of one block access " + kept.where + ", and no barrier orders the accesses",
          .hint = hint_in_block(kept)};
}

Finding race_between_blocks(const Kept& kept) {
  return {.checker = "racecheck",
          .kind = kept.memory == Memory::variable ? "race-device-variable" : "race-between-blocks",
          .message =
              "two blocks of one launch access " + kept.where + ", and blocks may run in any order or at the same time",
          .hint = is_mixed(kept) ? std::string(kMixedHint) + "a second launch"
                                 : "use an atomic operation or a second launch, or call __threadfence() in the writer "
                                   "before the atomic operation that signals the reader"};
}

Finding race_between_operations(const Kept& kept) {
  return {.checker = "racecheck",
          .kind = "race-between-streams",
          .message = "two operations access " + kept.where + ", and no stream, event or synchronisation orders them",
          .hint = "call cudaEventRecord after the first and cudaStreamWaitEvent before the second, or use one stream"};
}

Finding undefined_read(const Kept& kept) {
  const bool shared = kept.memory == Memory::shared;
  return {.checker = "initcheck",
          .kind = shared ? "uninitialised-shared" : "uninitialised-global",
          .message =
              kept.where + " is read, but was never written since " + (shared ? "the block began" : "it was allocated"),
          .hint = shared ? "store a value before the read; if another thread stores it, add __syncthreads() in between"
                         : "initialise all of the memory with cudaMemset, a copy, or a kernel"};
}

Finding describe(const Kept& kept) {
  if (kept.first.when == 0) {
    Finding finding = undefined_read(kept);
    finding.parties = {party_of(kept.second, kept.bytes)};
    return finding;
  }
  Finding finding = kept.distance == Distance::nothing  ? race_between_operations(kept)
                    : kept.distance == Distance::launch ? race_between_blocks(kept)
                                                        : race_in_block(kept);
  finding.parties = {party_of(kept.first, bytes_of(kept.first)), party_of(kept.second, bytes_of(kept.second))};
  return finding;
}

/// Whether a race explains a read of memory that was never written: the write does come, but nothing makes it come
/// first.
bool explained(const Kept& kept, const std::vector<Kept>& findings) {
  if (kept.first.when != 0) return false;
  const auto same_code = [&](const Access& access) { return ((access.who ^ kept.second.who) & kCodeMask) == 0; };
  return std::any_of(findings.begin(), findings.end(), [&](const Kept& other) {
    return other.first.when != 0 && other.memory == kept.memory && (same_code(other.first) || same_code(other.second));
  });
}

}  // namespace

/// Of all pairs of threads that race at the same two places one is reported: the first pair from different warps if
/// there is any (a __syncwarp would not help it), otherwise the first pair. The write is named first; of two writes,
/// the one that comes first in the program.
void report_race(const Access& earlier, const Access& now, uintptr_t address) {
  Pending& p = pending();
  const bool swap =
      (now.who & kWrite) != 0 && ((earlier.who & kWrite) == 0 || (now.who & kCodeMask) < (earlier.who & kCodeMask));
  const Access &first = swap ? now : earlier, &second = swap ? earlier : now;
  const Distance distance = between(first, second);
  const auto [known, is_new] = p.known.insert({{place_bits(first), place_bits(second)}, p.findings.size()});
  if (!is_new && distance <= p.findings[known->second].distance) return;
  Kept kept{first, second, distance, 0, memory_of(address), name_of(address)};
  if (is_new) {
    p.findings.push_back(std::move(kept));
  } else {
    p.findings[known->second] = std::move(kept);
  }
}

void report_undefined(const Access& now, uintptr_t address, size_t bytes) {
  Pending& p = pending();
  if (!p.known.insert({{0, place_bits(now)}, p.findings.size()}).second) return;
  const Access read{now.who & ~kWrite, now.when};  // an atomic update is a read as well
  p.findings.push_back({{}, read, Distance::nothing, bytes, memory_of(address), name_of(address)});
}

void flush_findings() {
  Pending& p = pending();
  if (p.findings.empty()) return;
  for (const Kept& kept : p.findings) {
    if (explained(kept, p.findings)) continue;
    Finding finding = describe(kept);
    const Operation* const operation = find_operation(serial_of(kept.second));
    if (operation != nullptr && operation->kernel != nullptr) finding.kernel = kernel_name(operation->kernel);
    report_finding(finding);
  }
  p = {};
}

}  // namespace softgpu::check
