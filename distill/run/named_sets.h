#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cucurbit {

/// Where the set that `name` stands for lies: a path, or the name of a published set, which is looked for in
/// CUCURBIT_DATA_DIR, ./data, the data of the sources and where Debian's packages install theirs. A path that exists
/// comes before a name. Throws Error io for an absent set.
std::filesystem::path find_data(const std::string& name);

/// Names of the classes of the published set that `data` names, or that lies in a folder of its name; empty where the
/// files tell.
std::vector<std::string> published_classes(const std::filesystem::path& data);

/// "mnist, fashion-mnist, ..."
std::string published_set_names();

}  // namespace cucurbit
