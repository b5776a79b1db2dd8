#include "lab/build.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include "kernels/error.h"
#include "lab/process.h"
#include "lab/translate.h"

/// Compiles and links a file in one of its variants, by running the compiler that built the lab.

namespace cucurbit::lab {
namespace {

namespace fs = std::filesystem;

constexpr double kCompileSeconds = 300;
constexpr uint64_t kCompileBytes = uint64_t(4) << 30;

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

void append(std::vector<std::string>& to, const std::vector<std::string>& what) {
  to.insert(to.end(), what.begin(), what.end());
}

const char* name(Variant variant) {
  switch (variant) {
    case Variant::plain:
      return "plain";
    case Variant::race:
      return "race";
    case Variant::memory:
      return "memory";
  }
  return "";
}

/// Flags of compiler and linker.
std::vector<std::string> flags(Variant variant) {
  std::vector<std::string> result{"-std=c++20", "-Og", "-g", "-w", "-fno-omit-frame-pointer", "-fmax-errors=5"};
  append(result, words(CUCURBIT_LAB_FLAGS));
  if (variant == Variant::memory) append(result, words(CUCURBIT_LAB_MEMORY_FLAGS));
  return result;
}

/// The race flags are passed when compiling but not when linking: they would link ThreadSanitizer's runtime, which
/// softgpu replaces.
std::vector<std::string> compile_flags(Variant variant) {
  std::vector<std::string> result = flags(variant);
  if (variant == Variant::race) append(result, words(CUCURBIT_LAB_RACE_FLAGS));
  return result;
}

struct Step {
  Outcome outcome;
  std::string messages;
};

Step compiler(const std::vector<std::string>& arguments, const fs::path& log) {
  Command command{{CUCURBIT_LAB_COMPILER}, {"LC_ALL=C"}, log, log.string() + ".errors", kCompileSeconds, kCompileBytes};
  append(command.arguments, arguments);
  const Outcome outcome = run_process(command);
  return {outcome, read_text(command.errors)};
}

Build failure(const Step& step, const fs::path& file) {
  std::string messages = step.messages;
  if (step.outcome.end == End::too_slow) messages = "the compiler did not finish in time and was stopped";
  if (step.outcome.end == End::too_large) messages = "the compiler used too much memory and was stopped";
  return {{}, compile_findings(messages, file), {}};
}

}  // namespace

Build build(const fs::path& file, Variant variant, const fs::path& folder) {
  for (const char* needed : {CUCURBIT_LAB_LIBRARY, CUCURBIT_LAB_INCLUDE "/lab.h"})
    if (!fs::exists(needed))
      throw Error(ErrorKind::io, std::string("[lab] ") + needed +
                                     " does not exist: the lab needs the source and build folders it was built from");
  const std::string program = (folder / name(variant)).string(), preprocessed = program + ".preprocessed",
                    translated = program + ".ii", object = program + ".o";
  Step step;
  const auto succeeds = [&](std::vector<std::string> arguments, const std::vector<std::string>& more) {
    append(arguments, more);
    step = compiler(arguments, program + ".log");
    return step.outcome.end == End::exited && step.outcome.code == 0;
  };

  if (!succeeds(compile_flags(variant),
                {"-isystem", CUCURBIT_LAB_INCLUDE, "-isystem", CUCURBIT_SOFTGPU_INCLUDE, "-fno-working-directory", "-E",
                 "-x", "c++", file.string(), "-o", preprocessed}))
    return failure(step, file);

  Translation translation = translate(read_text(preprocessed));
  std::ofstream(translated, std::ios::binary) << translation.text;

  if (!succeeds(compile_flags(variant), {"-c", translated, "-o", object})) return failure(step, file);

  std::vector<std::string> parts{object, "-o", program};
  append(parts, words(CUCURBIT_LAB_LINK));
  if (!succeeds(flags(variant), parts)) return failure(step, file);
  return {program, {}, std::move(translation.launches)};
}

}  // namespace cucurbit::lab
