#include "cli/options/tables.h"

namespace cucurbit::cli {

std::vector<Option> optimizer_options(RunSpec& run) {
  OptimizerSpec& spec = run.optimizer;
  return grouped(
      "Optimiser",
      {{"--opt",
        "The optimiser. muon updates matrices and filters except the first layer and the classifier, and --muon-rest "
        "updates the others",
        choice(spec.opt)},
       {"--muon-lr", "Peak learning rate of the parameters updated by Muon; --lr applies to the others", &spec.muon_lr,
        kPositive},
       {"--muon-momentum", "Momentum of Muon", &spec.muon_momentum, kShare},
       {"--muon-rest", "The optimiser of the parameters that Muon does not update", choice(spec.muon_rest)},
       {"--muon-all", "Let Muon update the first layer and the classifier too", &spec.muon_all},
       {"--lr", "Peak learning rate", &spec.lr, kPositive},
       {"--momentum", "Momentum of SGD", &spec.momentum, kShare},
       {"--nesterov", "Use Nesterov momentum", &spec.nesterov},
       {"--weight-decay", "Weight decay of weights; biases and norms do not decay", &spec.weight_decay, kNotNegative},
       {"--decay-all", "Let biases and norms decay too", &spec.decay_all},
       {"--clip-grad", "Largest norm of all gradients together; 0 sets no limit", &spec.clip_grad, kNotNegative},
       {"--grad-accum-steps", "Batches whose mean gradient makes one update", &run.grad_accum_steps, kPositive}});
}

std::vector<Option> schedule_options(ScheduleSpec& spec) {
  return grouped(
      "Schedule",
      {{"--sched", "How the learning rate changes after the warm-up", choice(spec.sched)},
       {"--decay-epochs", "Epochs between the decays of --sched step", &spec.decay_epochs, kPositive},
       {"--decay-milestones", "The epochs after which --sched multistep decays the rate, as in 150 180 210",
        &spec.decay_milestones, kPositive},
       {"--decay-rate", "Factor of each decay of --sched step and multistep", &spec.decay_rate, kPositive},
       {"--warmup-epochs", "Epochs of linear warm-up from 0", &spec.warmup_epochs, kNotNegative},
       {"--model-ema-decay",
        "Decay of an exponential moving average (EMA) of the weights, which is what is evaluated and kept, as in "
        "0.999; 0 keeps none",
        &spec.model_ema_decay, kShare},
       {"--model-ema-warmup", "Start the EMA as a copy of the weights and raise its decay gradually",
        &spec.model_ema_warmup}});
}

}  // namespace cucurbit::cli
