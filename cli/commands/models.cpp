#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "engine/io/join.h"
#include "models/registry.h"

namespace cucurbit::cli {

namespace {
struct ModelsArguments {
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
  Survey survey;
  module->infer_shape({1, options.image[0], options.image[1], options.image[2]}, &survey);
  return {{"model", name},
          {"image", options.image.dims()},
          {"classes", options.classes},
          {"parameters", parameters},
          {"forward_flop", survey.flop},
          {"bytes_f32", 4 * parameters},
          {"description", family.summary},
          {"paper", family.paper}};
}

/// The whole list; or one model, whose family build_model looks for.
nlohmann::json describe_all(const ModelsArguments& arguments) {
  nlohmann::json rows = nlohmann::json::array();
  const auto options_for = [&](const Shape& image, int64_t classes) {
    return ModelOptions{.image = arguments.image.empty() ? image : Shape(arguments.image),
                        .classes = arguments.classes > 0 ? arguments.classes : classes};
  };
  if (arguments.name.empty()) {
    for (const ModelFamily& family : model_families())
      rows.push_back(describe(family.example, family, options_for(family.image, family.classes)));
  } else {
    const ModelFamily& family = find_family(arguments.name);
    rows.push_back(describe(arguments.name, family, options_for(family.image, family.classes)));
  }
  return rows;
}

void models(const ModelsArguments& arguments) {
  const nlohmann::json rows = describe_all(arguments);
  if (arguments.json) {
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

Call call_models() {
  const auto arguments = std::make_shared<ModelsArguments>();
  return {{{"model", "List only this one, as in mlp:1200x1200", &arguments->name},
           {.names = "--image",
            .help = "Height, width and channels of the images; without it those that the model was published for",
            .value = &arguments->image,
            .range = {.low = 1, .high = 65536},
            .count = 3},
           {"--classes", "The number of classes; 0 takes that of the publication", &arguments->classes, kNotNegative},
           {"--json", "Print as JSON", &arguments->json}},
          [arguments] { models(*arguments); }};
}

}  // namespace cucurbit::cli
