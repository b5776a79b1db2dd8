#pragma once

#include <string>
#include <vector>

namespace cucurbit {

/// The candidate with the smallest edit distance to `name`, which the user probably meant. Empty if there are no
/// candidates.
std::string nearest(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace cucurbit
