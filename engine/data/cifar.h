#pragma once

// The binary layout of CIFAR-10 and CIFAR-100: a record is the label (CIFAR-100: the coarse and the fine label), then
// 1024 bytes of red, green and blue each, row by row. https://www.cs.toronto.edu/~kriz/cifar.html
//
// Read are a folder that holds the files, a tar archive of it, or one file alone, each plain or compressed by gzip or
// xz, which the content decides. Files in the same layout with other classes are understood as well. Every failure is
// an Error that names the file: ErrorKind::io where it is missing or unreadable, ErrorKind::input where its content is
// not acceptable.

#include <filesystem>

#include "engine/data/image_set.h"

namespace cucurbit {

/// Reads data_batch_1.bin .. data_batch_5.bin and test_batch.bin, or train.bin and test.bin (`.gz` or `.xz` may
/// follow), from the folder or archive `path`, or the file `path` as a training set. Images are [count, 32, 32, 3].
///
/// The test set may be absent. The size of the files tells one label from two; of two, the fine one is the class unless
/// `coarse_labels`. Class names come from batches.meta.txt, fine_label_names.txt, coarse_label_names.txt or classes.txt
/// beside the files; where there is none, data_batch_* have the names of CIFAR-10, CIFAR-100's classes are numbers, and
/// so are other classes, up to the largest label of the training set.
ImageSplits load_cifar(const std::filesystem::path& path, bool coarse_labels = false);

/// True if a file in `folder` is named as load_cifar expects.
bool is_cifar_folder(const std::filesystem::path& folder);

}  // namespace cucurbit
