#include "distill/run/optimizer_spec.h"

namespace cucurbit {

namespace {
/// The optimiser of all parameters, or of those that Muon leaves.
OptimizerOptions::Kind kind_of(OptimizerChoice opt, MuonRest rest) {
  switch (opt) {
    case OptimizerChoice::adam:
      return OptimizerOptions::Kind::adam;
    case OptimizerChoice::adamw:
      return OptimizerOptions::Kind::adamw;
    case OptimizerChoice::muon:
      return rest == MuonRest::adamw ? OptimizerOptions::Kind::adamw : OptimizerOptions::Kind::sgd;
    case OptimizerChoice::sgd:
      break;
  }
  return OptimizerOptions::Kind::sgd;
}
}  // namespace

OptimizerOptions OptimizerSpec::options() const {
  OptimizerOptions options{.kind = kind_of(opt, muon_rest),
                           .momentum = momentum,
                           .nesterov = nesterov,
                           .weight_decay = weight_decay,
                           .decay_all = decay_all,
                           .clip_norm = clip_grad};
  if (opt == OptimizerChoice::muon)
    options.muon = {.rate_scale = muon_lr / lr, .momentum = muon_momentum, .everything = muon_all};
  return options;
}

Schedule ScheduleSpec::schedule(double peak, int64_t steps_per_epoch) const {
  Schedule made{.kind = sched,
                .peak = peak,
                .gamma = decay_rate,
                .period = int64_t(decay_epochs * double(steps_per_epoch)),
                .milestones = {},
                .warmup_steps = int64_t(warmup_epochs * double(steps_per_epoch)),
                .warmup_start = 0};
  for (const int64_t epoch : decay_milestones)
    made.milestones.push_back(epoch * steps_per_epoch - made.warmup_steps);  // which count from the end of the warm-up
  return made;
}

}  // namespace cucurbit
