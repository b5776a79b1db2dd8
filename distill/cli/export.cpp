#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/train_network.h"
#include "engine/io/state_dict.h"

namespace cucurbit::cli {

namespace {
struct ExportFlags {
  std::string weights, format = "pytorch", output;
};

void export_weights(const ExportFlags& flags) {
  const LoadedNetwork loaded = load_network(flags.weights, DType::f32);
  save_state_dict(flags.output, loaded.network);
  fmt::print("{}: {}, {} tensors by the names and in the layouts of PyTorch\n", flags.output, loaded.info.model,
             state_dict_entries(loaded.network).size());
}
}  // namespace

void add_export(CLI::App& program) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command = program.add_subcommand("export", "Write weights for other programs");
  command->add_option("weights", flags->weights, "a .safetensors file of train or distill")->required();
  command->add_option("--format", flags->format, "pytorch: a state dict in safetensors")
      ->check(CLI::IsMember({"pytorch"}))
      ->capture_default_str();
  command->add_option("-o,--output", flags->output, "the file to write")->required();
  command->callback([flags] { export_weights(*flags); });
}

}  // namespace cucurbit::cli
