#pragma once

// The binary layout of CIFAR-10 and CIFAR-100: a record is the label (CIFAR-100: the coarse and the fine label), then
// 1024 bytes of red, green and blue each, row by row. https://www.cs.toronto.edu/~kriz/cifar.html
//
// The input is a folder that holds the files, a tar archive of it, or one file, each plain or compressed by gzip or xz;
// the content decides, not the name. Files of the same layout with other classes can be read as well. Every failure is
// an Error that names the file: ErrorKind::io if it is missing or unreadable, ErrorKind::input if its content is not
// acceptable.

#include <filesystem>

#include "engine/data/image_set.h"

namespace cucurbit {

/// Reads data_batch_1.bin .. data_batch_5.bin and test_batch.bin, or train.bin and test.bin (`.gz` or `.xz` may
/// follow), from the folder or archive `path`, or the file `path` as a training set. Images are [count, 32, 32, 3].
///
/// The test set may be absent. The size of the files tells whether records have one label or two; of two, the fine one
/// is the class, or with `coarse_labels` the coarse one. Class names come from batches.meta.txt, fine_label_names.txt,
/// coarse_label_names.txt or classes.txt beside the files. Without such a file, data_batch_* have the names of
/// CIFAR-10, and all other classes are numbers: the 100 or 20 of CIFAR-100, else up to the largest label of the
/// training set.
ImageSplits load_cifar(const std::filesystem::path& path, bool coarse_labels = false);

/// What load_cifar can read at `path`. Of a folder: the archives in it that are named as the published ones or, if
/// there are any, what these unpack to; and the folder itself, if a file in it is named as load_cifar expects. Any file
/// counts as one of CIFAR.
std::vector<std::filesystem::path> find_cifar(const std::filesystem::path& path);

}  // namespace cucurbit
