#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/commands/inspect_data.h"
#include "cli/options/tables.h"
#include "engine/io/checkpoint.h"
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

struct InspectArguments {
  DataSpec spec;
  std::string contact_sheet;
  bool json = false;
};

void inspect(const InspectArguments& arguments) {
  const std::string& data = arguments.spec.data;
  const bool weights = std::filesystem::path(data).extension() == ".safetensors";
  const nlohmann::json result = weights ? inspect_weights(data) : inspect_data(arguments.spec, arguments.contact_sheet);
  if (arguments.json)
    fmt::print("{}\n", result.dump(2));
  else
    print_tree(result, 0);
}
}  // namespace

Call call_inspect() {
  const auto arguments = std::make_shared<InspectArguments>();
  const std::vector<Option> own = {
      {"--contact-sheet", "Draw images of every training class into this PNG file", &arguments->contact_sheet},
      {"--json", "Print as JSON", &arguments->json}};
  return {joined({data_options(arguments->spec), own}), [arguments] { inspect(*arguments); }};
}

}  // namespace cucurbit::cli
