#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "distill/run/data_spec.h"

namespace cucurbit::cli {

/// What a data set holds, by split: images, shape, mean, deviation, classes and their balance; of an image folder also
/// the sizes of its files and those that are bad; and which images occur more than once. Bad files never stop it.
/// `contact_sheet`: where to draw some images of every class, or nothing.
nlohmann::json inspect_data(const DataSpec& spec, const std::string& contact_sheet);

}  // namespace cucurbit::cli
