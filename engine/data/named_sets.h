#pragma once

// Published data sets that can be named instead of a path. To add one, write a row in named_sets.cpp.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cucurbit {

struct NamedSet {
  std::string_view name;
  std::vector<std::string_view> places;       // files or folders that may hold it, below a search folder
  std::string_view remedy;                    // what to do where none is found
  std::vector<std::string> class_names = {};  // where the files hold numbers only
};

const std::vector<NamedSet>& named_sets();

/// "mnist, fashion-mnist, ...", for messages and help.
std::string named_set_names();

/// Class names of the set whose name is `data` or the last part of the path `data`; empty where there is no such set or
/// its files hold the names themselves.
std::vector<std::string> class_names_of(const std::filesystem::path& data);

/// The path of the data set that `data` stands for: itself if such a file or folder exists, else the first place of the
/// named set in `search_folders`, in their order.
///
/// Throws Error io for an unknown name, and for a set that is in none of the folders; that message names what was
/// looked for and ends by `more_folders`, which says how a user adds a search folder.
std::filesystem::path find_data(const std::string& data, const std::vector<std::filesystem::path>& search_folders,
                                std::string_view more_folders);

}  // namespace cucurbit
