#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "distill/cli/commands.h"
#include "distill/cli/inspect_data.h"
#include "engine/io/checkpoint.h"
#include "engine/io/join.h"
#include "engine/io/safetensors.h"

namespace cucurbit::cli {

namespace {
nlohmann::json inspect_weights(const std::string& path) {
  const CheckpointInfo info = read_checkpoint_info(path);
  nlohmann::json tensors = nlohmann::json::array();
  const SafetensorsFile file = SafetensorsFile::read(path);
  for (const TensorView& view : file.tensors())
    tensors.push_back({{"name", view.name}, {"dtype", name(view.dtype)}, {"shape", view.shape}});
  return {{"weights", path},
          {"model", info.model},
          {"image", info.image.dims()},
          {"classes", info.class_names},
          {"mean", info.normalization.mean},
          {"stddev", info.normalization.stddev},
          {"epochs", info.epochs},
          {"seconds", info.seconds},
          {"parameters", info.parameters},
          {"tensors", tensors}};
}

/// One line a value, indented by depth; tensors of a weights file and lists of sentences one line each.
void print_tree(const nlohmann::json& node, int depth) {
  for (const auto& [key, value] : node.items()) {
    const std::string indent(size_t(2 * depth), ' ');
    if (value.is_object()) {
      fmt::print("{}{}\n", indent, key);
      print_tree(value, depth + 1);
    } else if (key == "tensors") {
      for (const auto& tensor : value)
        fmt::print("{}{:<28} {} {}\n", indent, tensor["name"].get<std::string>(), tensor["dtype"].get<std::string>(),
                   tensor["shape"].dump());
    } else if (key == "bad_files" || key == "examples") {
      fmt::print("{}{:<14} {}\n", indent, key, value.empty() ? "none" : "");
      for (const auto& line : value) fmt::print("{}  {}\n", indent, line.get<std::string>());
    } else {
      fmt::print("{}{:<14} {}\n", indent, key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
}
}  // namespace

void add_inspect(CLI::App& program) {
  struct Flags : DataFlags {
    std::string contact_sheet;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("inspect", "Describe a data set or a weights file (.safetensors)");
  add_data_flags(*command, *flags);
  command->add_option("--contact-sheet", flags->contact_sheet,
                      "draw images of every training class into this PNG file");
  command->add_flag("--json", flags->json, "print as JSON");
  command->callback([flags] {
    const bool weights = std::filesystem::path(flags->data).extension() == ".safetensors";
    const nlohmann::json result = weights ? inspect_weights(flags->data) : inspect_data(*flags, flags->contact_sheet);
    if (flags->json)
      fmt::print("{}\n", result.dump(2));
    else
      print_tree(result, 0);
  });
}

}  // namespace cucurbit::cli
