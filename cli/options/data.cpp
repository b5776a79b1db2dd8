#include "cli/options/tables.h"
#include "engine/data/named_sets.h"

namespace cucurbit::cli {

std::vector<Option> data_options(DataSpec& spec) {
  const Option name{"data,--data-dir",
                    "The data set: a folder with a folder of images for each class (or with train/, val/ and test/ of "
                    "such), a folder of IDX or CIFAR files, a CIFAR archive or file, or one of: " +
                        named_set_names(),
                    &spec.data};
  return joined(
      {{name},
       grouped("Data",
               {{"--img-size", "Bring all images to a square of this side; 0 leaves them as they are", &spec.img_size,
                 Range{.low = 0, .high = 4096}},
                {"--resize",
                 "How --img-size does it: crop scales the shorter side and cuts out the centre, stretch scales both "
                 "sides",
                 choice(spec.resize)},
                {"--on-bad-sample", "Image folders with damaged files: error refuses the set, skip leaves them out",
                 choice(spec.on_bad_sample)},
                {"--cache-dir",
                 "The folder where the images of folders and archives are kept decoded, or none; without it "
                 "$XDG_CACHE_HOME/cucurbit or ~/.cache/cucurbit",
                 &spec.cache_dir},
                {"--coarse-labels", "Use the 20 coarse classes of CIFAR-100, not the 100 fine ones",
                 &spec.coarse_labels}})});
}

}  // namespace cucurbit::cli
