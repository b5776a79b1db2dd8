#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "distill/run/network.h"
#include "engine/io/state_dict.h"

namespace cucurbit::cli {

namespace {
enum class Format { pytorch };
constexpr auto names_of(Format) { return enum_names<Format>({{Format::pytorch, "pytorch"}}); }

struct ExportArguments {
  std::string weights, output;
  Format format = Format::pytorch;
};

void export_weights(const ExportArguments& arguments) {
  const LoadedNetwork loaded = load_network(arguments.weights, DType::f32);
  save_state_dict(arguments.output, loaded.network);
  fmt::print("{}: {}, {} tensors by the names and in the layouts of PyTorch\n", arguments.output, loaded.info.model,
             state_dict_entries(loaded.network).size());
}
}  // namespace

Call call_export() {
  const auto arguments = std::make_shared<ExportArguments>();
  return {{{.names = "weights",
            .help = "A .safetensors file of train or distill",
            .value = &arguments->weights,
            .required = true},
           {"--format", "What to write: pytorch is a state dict in safetensors", choice(arguments->format)},
           {.names = "-o,--output", .help = "The file to write", .value = &arguments->output, .required = true}},
          [arguments] { export_weights(*arguments); }};
}

}  // namespace cucurbit::cli
