#include "finding.h"

#include <backtrace.h>
#include <cxxabi.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "softgpu/mode.h"

/// Prints findings and finds the source lines that they name.

namespace softgpu {
namespace {

std::mutex& finding_mutex() {
  static std::mutex& mutex = *new std::mutex;  // never destroyed: findings may be reported after main() has returned
  return mutex;
}

constinit std::atomic<uint64_t> findings{0};

std::string indices(uint3 i) {
  char text[40];
  std::snprintf(text, sizeof(text), "(%u,%u,%u)", i.x, i.y, i.z);
  return text;
}

std::string place_of(const Party& party) {
  if (party.file.empty()) return party.function.empty() ? "" : " in " + party.function;
  return " at " + party.file + ":" + std::to_string(party.line);
}

std::string as_text(const Finding& finding) {
  std::string text = std::string("softgpu ") + finding.checker + ": " + finding.message + "\n";
  if (!finding.kernel.empty()) text += "  in kernel " + finding.kernel + "\n";
  for (const Party& party : finding.parties) {
    text += "  ";
    if (party.thread)
      text += "thread " + indices(party.thread->thread) + " of block " + indices(party.thread->block) + ": ";
    text += party.what;
    text += place_of(party) + "\n";
  }
  if (!finding.hint.empty()) text += "  likely fix: " + finding.hint + "\n";
  return text;
}

nlohmann::json as_json(const Finding& finding) {
  nlohmann::json parties = nlohmann::json::array();
  for (const Party& party : finding.parties) {
    nlohmann::json one{{"what", party.what}, {"file", party.file}, {"line", party.line}, {"function", party.function}};
    if (party.thread) {
      const auto& [thread, block] = *party.thread;
      one["thread"] = {thread.x, thread.y, thread.z};
      one["block"] = {block.x, block.y, block.z};
    }
    parties.push_back(std::move(one));
  }
  return {{"checker", finding.checker}, {"kind", finding.kind}, {"message", finding.message},
          {"kernel", finding.kernel},   {"hint", finding.hint}, {"parties", std::move(parties)}};
}

/// Two findings with equal keys are the same: everything counts but the threads.
std::string key_of(const Finding& finding) {
  std::string key = std::string(finding.checker) + '|' + finding.kind + '|' + finding.kernel;
  for (const Party& party : finding.parties) {
    key += '|' + (party.file.empty() ? party.what : party.file + ':' + std::to_string(party.line));
  }
  return key;
}

void append_json(const Finding& finding) {
  const char* path = std::getenv("SOFTGPU_REPORT");
  if (path == nullptr || *path == '\0') return;
  std::FILE* file = std::fopen(path, "a");
  if (file == nullptr) {
    std::fprintf(stderr, "softgpu: cannot write to the file that SOFTGPU_REPORT names: %s\n", path);
    return;
  }
  const std::string line = as_json(finding).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::fwrite(line.data(), 1, line.size(), file);
  std::fclose(file);
}

// --- Source places -------------------------------------------------------------------------------------------------

/// A program without debug information is not an error: its places stay empty.
void ignore_error(void*, const char*, int) {}

backtrace_state* debug_information() {
  static backtrace_state* const state = backtrace_create_state(nullptr, /*threaded=*/1, ignore_error, nullptr);
  return state;
}

std::string demangled(const char* name) {
  if (name == nullptr) return "";
  int status = 0;
  char* readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string text = status == 0 ? readable : name;
  std::free(readable);
  return text;
}

/// Whether a file is a header of softgpu, of the standard library, or of the folder that a test harness names in
/// SOFTGPU_HARNESS. Users are shown the place in their own code that led there instead.
bool is_internal(std::string_view file) {
  static const char* const harness = std::getenv("SOFTGPU_HARNESS");
  return file.find("/softgpu/include/") != file.npos || file.starts_with("/usr/include/") ||
         file.starts_with("/usr/lib/gcc/") || (harness != nullptr && *harness != '\0' && file.starts_with(harness));
}

/// Called for each inlined frame, the innermost first; a non-zero result ends the walk.
int take_frame(void* data, uintptr_t, const char* file, int line, const char* function) {
  auto& place = *static_cast<SourcePlace*>(data);
  if (file == nullptr) return 0;
  const bool skip = is_internal(file);
  if (place.file.empty() || !skip) place = {file, line, demangled(function)};
  return skip ? 0 : 1;
}

void take_symbol(void* data, uintptr_t, const char* name, uintptr_t, uintptr_t) {
  *static_cast<std::string*>(data) = demangled(name);
}

}  // namespace

void report_finding(const Finding& finding) {
  findings.fetch_add(1, std::memory_order_relaxed);
  static std::set<std::string>& known = *new std::set<std::string>;
  std::lock_guard lock(finding_mutex());
  if (!known.insert(key_of(finding)).second) return;
  const std::string text = as_text(finding);
  std::fwrite(text.data(), 1, text.size(), stderr);
  append_json(finding);
}

uint64_t finding_count() { return findings.load(std::memory_order_relaxed); }

SourcePlace locate(const void* pc) {
  SourcePlace place;
  backtrace_pcinfo(debug_information(), reinterpret_cast<uintptr_t>(pc) - 1, take_frame, ignore_error, &place);
  return place;
}

std::string kernel_name(const void* kernel) {
  std::string name;
  backtrace_syminfo(debug_information(), reinterpret_cast<uintptr_t>(kernel), take_symbol, ignore_error, &name);
  if (!name.empty()) return name;
  char text[40];
  std::snprintf(text, sizeof(text), "kernel at %p", kernel);
  return text;
}

}  // namespace softgpu
