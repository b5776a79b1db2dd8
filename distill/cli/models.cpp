#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "distill/cli/commands.h"
#include "distill/cli/validators.h"
#include "engine/io/join.h"
#include "kernels/error.h"
#include "models/registry.h"

namespace cucurbit::cli {

namespace {
struct ModelsFlags {
  std::string name;
  std::vector<int64_t> image;  // empty: what each model was published for
  int64_t classes = 0;         // 0: likewise
  bool json = false;
};

nlohmann::json describe(const std::string& name, const ModelFamily& family, const ModelOptions& options) {
  const ModulePtr module = build_model(name, options);
  StateList state;
  module->list_state("", state);
  int64_t parameters = 0;
  for (const auto& entry : state.parameters) parameters += entry.item->shape.size();
  const double flop = module->forward_flop({1, options.image[0], options.image[1], options.image[2]});
  return {{"model", name},
          {"image", options.image.dims()},
          {"classes", options.classes},
          {"parameters", parameters},
          {"forward_flop", flop},
          {"bytes_f32", 4 * parameters},
          {"description", family.summary},
          {"paper", family.paper}};
}

/// The whole list; or one model, whose family build_model looks for.
nlohmann::json describe_all(const ModelsFlags& flags) {
  nlohmann::json rows = nlohmann::json::array();
  const auto options_for = [&](const Shape& image, int64_t classes) {
    return ModelOptions{.image = flags.image.empty() ? image : Shape(flags.image),
                        .classes = flags.classes > 0 ? flags.classes : classes};
  };
  if (flags.name.empty()) {
    for (const ModelFamily& family : model_families())
      rows.push_back(describe(family.example, family, options_for(family.image, family.classes)));
  } else {
    const ModelFamily& family = find_family(flags.name);
    rows.push_back(describe(flags.name, family, options_for(family.image, family.classes)));
  }
  return rows;
}

void models(const ModelsFlags& flags) {
  const nlohmann::json rows = describe_all(flags);
  if (flags.json) {
    fmt::print("{}\n", rows.dump(2));
    return;
  }
  fmt::print("{:<18} {:<11} {:>7} {:>11} {:>12} {:>9}\n", "model", "image", "classes", "parameters", "MFLOP/image",
             "MiB f32");
  for (const auto& row : rows)
    fmt::print("{:<18} {:<11} {:>7} {:>11} {:>12.2f} {:>9.2f}  {}\n", row["model"].get<std::string>(),
               join(row["image"].get<std::vector<int64_t>>(), "x"), row["classes"].get<int64_t>(),
               row["parameters"].get<int64_t>(), row["forward_flop"].get<double>() / 1e6,
               row["bytes_f32"].get<double>() / 1048576, row["description"].get<std::string>());
}
}  // namespace

void add_models(CLI::App& program) {
  auto flags = std::make_shared<ModelsFlags>();
  CLI::App* command = program.add_subcommand("models", "List the models: parameters, operations, size");
  command->add_option("model", flags->name, "only this one, e.g. mlp:1200x1200");
  command->add_option("--image", flags->image, "height, width, channels; else what the model was published for")
      ->expected(3)
      ->delimiter(',')
      ->check(CLI::Range(1, 65536));
  command->add_option("--classes", flags->classes, "else as published")->check(kPositive);
  command->add_flag("--json", flags->json, "print as JSON");
  command->callback([flags] { models(*flags); });
}

}  // namespace cucurbit::cli
