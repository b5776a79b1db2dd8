#pragma once

#include <cstdint>
#include <vector>

#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"

namespace cucurbit {

/// muon: matrices and filters but for the first layer and the classifier by Muon, the rest by another optimiser.
enum class OptimizerChoice { sgd, adam, adamw, muon };
constexpr auto names_of(OptimizerChoice) {
  using enum OptimizerChoice;
  return enum_names<OptimizerChoice>({{sgd, "sgd"}, {adam, "adam"}, {adamw, "adamw"}, {muon, "muon"}});
}

/// The optimiser of what Muon leaves.
enum class MuonRest { sgd, adamw };
constexpr auto names_of(MuonRest) { return enum_names<MuonRest>({{MuonRest::sgd, "sgd"}, {MuonRest::adamw, "adamw"}}); }

struct OptimizerSpec {
  OptimizerChoice opt = OptimizerChoice::sgd;
  double muon_lr = 0.02, muon_momentum = 0.95;
  MuonRest muon_rest = MuonRest::adamw;
  bool muon_all = false;  // the first layer and the classifier by Muon too
  double lr = 0.05;       // the peak of the schedule
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  bool decay_all = false;  // biases and norms too
  double clip_grad = 0;    // largest norm of all gradients together; 0: no limit

  /// Without a moving average of the weights.
  OptimizerOptions options() const;
};

struct ScheduleSpec {
  Schedule::Kind sched = Schedule::Kind::cosine;
  double decay_epochs = 30;               // step: epochs between decays
  std::vector<int64_t> decay_milestones;  // multistep: the epochs of the decays
  double decay_rate = 0.1;                // step, multistep
  double warmup_epochs = 0;               // linear, from 0
  double model_ema_decay = 0;             // 0: no moving average of the weights
  bool model_ema_warmup = false;

  Schedule schedule(double peak, int64_t steps_per_epoch) const;
};

}  // namespace cucurbit
