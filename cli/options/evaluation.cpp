#include "cli/options/tables.h"

namespace cucurbit::cli {

std::vector<Option> evaluation_options(EvaluationSpec& spec, Math& math) {
  const Option weights{"weights", "A .safetensors file of train or distill; not together with --pretrained-path",
                       &spec.weights};
  const Option split{"--split", "The part of the data set; val is that of an image folder", choice(spec.split)};
  return joined(
      {{weights},
       data_options(spec.data),
       {split, math_option(math)},
       grouped("Weights of PyTorch",
               {{"--pretrained-path", "A state dict (.safetensors) with the model's names", &spec.pretrained_path},
                {"--model", "The model of --pretrained-path; `cucurbit models` lists them", &spec.model},
                {"--mean",
                 "Mean of each channel, of values from 0 to 1, separated by commas; without it that of the training "
                 "set",
                 &spec.mean},
                {"--std", "Standard deviation of each channel, likewise", &spec.std, kPositive}})});
}

}  // namespace cucurbit::cli
