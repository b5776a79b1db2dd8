#pragma once

#include <string>

#include "distill/run/folder.h"
#include "distill/run/network.h"
#include "distill/run/results.h"
#include "engine/io/event_file.h"

namespace cucurbit {

/// What one training leaves in its run folder, apart from its training state.
class Recorder {
 public:
  Recorder(const RunFolder& folder, std::string label, const Network& network, const RunData& data, double drop);

  /// Describes the network after the epochs and the seconds of `record`.
  const CheckpointInfo& describe(const TrainingRecord& record);
  /// The weights of the best epoch so far.
  void write_best(const Network& network, const EpochReport& report);
  /// metrics.csv and, if the record's last epoch has just ended, its scalars for TensorBoard.
  void write_metrics(const TrainingRecord& record, bool epoch_ended);
  /// What is known at the end: the confusion matrix, the most confident errors and the report.
  void write_results(Network& network, const TrainingRecord& record, const Trained& trained,
                     const EvaluationOptions& options) const;

 private:
  void write_report(const TrainingRecord& record, const Trained& trained) const;

  const RunFolder& folder_;
  std::string label_;
  const RunData& data_;
  CheckpointInfo info_;
  EventFile events_;
};

}  // namespace cucurbit
