#include "distill/run/network.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "engine/io/state_dict.h"
#include "models/registry.h"

namespace cucurbit {

Network make_network(const RunSpec& spec, const RunData& data, const RunObserver& observer) {
  const auto classes = int64_t(data.class_names.size());
  const ModelOptions options{.image = data.train.image_shape(),
                             .classes = classes,
                             .drop = float(spec.drop),
                             .drop_path = float(spec.drop_path)};
  Network network(spec.model, build_model(spec.model, options), options.image, classes, spec.compute_type(), spec.seed);
  if (spec.pretrained_path.empty()) {
    if (const auto& initialize_from = find_family(spec.model).initialize_from) initialize_from(network, data.train);
    return network;
  }
  const std::vector<std::string> left = load_state_dict(spec.pretrained_path, network);
  if (!left.empty())
    observer.warning(fmt::format("{}: the classifier ({}) is for other classes and starts from initial values",
                                 spec.pretrained_path, join(left, ", ")));
  return network;
}

}  // namespace cucurbit
