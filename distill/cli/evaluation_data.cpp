#include "distill/cli/evaluation_data.h"

#include <fmt/format.h>

#include "distill/cli/data.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit::cli {

void add_evaluation_flags(CLI::App& app, EvaluationFlags& flags) {
  app.add_option("weights", flags.weights, "a .safetensors file of train or distill")->required();
  add_data_flags(app, flags);
  app.add_option("--split", flags.split, "test, train, or val of an image folder")
      ->check(CLI::IsMember({"test", "train", "val"}))
      ->capture_default_str();
  add_math_flag(app, flags.math);
}

ImageSet evaluation_set(const EvaluationFlags& flags, const LoadedNetwork& loaded) {
  const bool square = loaded.info.image[0] == loaded.info.image[1];
  ImageSplits splits = load_data(flags, square ? loaded.info.image[0] : 0);
  if (flags.split == "test" && !splits.test)
    throw Error(ErrorKind::input, fmt::format("[data] {}: has no test set: use --split train", flags.data));
  if (flags.split == "val" && !splits.validation)
    throw Error(ErrorKind::input, fmt::format("[data] {}: has no folder val: use --split train", flags.data));
  ImageSet set = flags.split == "test"  ? std::move(*splits.test)
                 : flags.split == "val" ? std::move(*splits.validation)
                                        : std::move(splits.train);
  const Shape images{set.height, set.width, set.channels};
  if (images != loaded.info.image)
    throw Error(ErrorKind::input, fmt::format("[data] {}: images {}, the network was trained on {}: use the set it was "
                                              "trained on, or --img-size",
                                              flags.data, to_string(images), to_string(loaded.info.image)));
  if (set.class_names != loaded.info.class_names)
    throw Error(ErrorKind::input,
                fmt::format("[data] {}: classes {}, the network knows {}: they must be the same", flags.data,
                            join(set.class_names, ","), fmt::join(loaded.info.class_names, ",")));
  return set;
}

}  // namespace cucurbit::cli
