#include "distill/cli/evaluation_data.h"

#include <fmt/format.h>

#include "distill/cli/data.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit::cli {

void add_evaluation_flags(CLI::App& app, EvaluationFlags& flags) {
  app.add_option("weights", flags.weights, "a .safetensors file of train or distill")->required();
  add_data_flags(app, flags);
  app.add_option("--split", flags.split, "test or train")
      ->check(CLI::IsMember({"test", "train"}))
      ->capture_default_str();
  add_math_flag(app, flags.math);
}

ImageSet evaluation_set(const EvaluationFlags& flags, const LoadedNetwork& loaded) {
  ImageSplits splits = load_data(flags);
  if (flags.split == "test" && !splits.test)
    throw Error(ErrorKind::input, fmt::format("[data] {}: has no test set: use --split train", flags.data));
  ImageSet set = flags.split == "test" ? std::move(*splits.test) : std::move(splits.train);
  const Shape images{set.height, set.width, set.channels};
  if (images != loaded.info.image)
    throw Error(ErrorKind::input, fmt::format("[data] {}: images {}, the network was trained on {}: use the set it was "
                                              "trained on",
                                              flags.data, to_string(images), to_string(loaded.info.image)));
  if (set.class_names != loaded.info.class_names)
    throw Error(ErrorKind::input,
                fmt::format("[data] {}: classes {}, the network knows {}: they must be the same", flags.data,
                            join(set.class_names, ","), fmt::join(loaded.info.class_names, ",")));
  return set;
}

}  // namespace cucurbit::cli
