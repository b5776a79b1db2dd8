#include "bench/support/distill_loss.h"

#include "bench/support/device_values.h"
#include "bench/support/hash_values.h"
#include "engine/autograd.h"

namespace cucurbit::bench {

DistillLoss::DistillLoss(int64_t rows, int classes, DType dtype)
    : student_(on_device(hash_values(rows * classes, 100, 4), {rows, classes}, dtype)),
      teacher_(on_device(hash_values(rows * classes, 102, 4), {rows, classes}, dtype)),
      labels_(Tensor::from_host(hash_labels(rows, classes), {rows})) {}

void DistillLoss::run_eagerly() {
  Tape tape;
  Tensor student = student_.detach();
  require_gradient(student);
  loss_ = distill_logits(student, teacher_, labels_, options());
  tape.backward(loss_);
  gradient_ = student.grad();
}

void DistillLoss::run() {
  if (!graph_) {
    const Tensor eager = loss_;
    graph_ = std::make_unique<StepGraph>([this] { run_eagerly(); });
    loss_ = eager;
  }
  graph_->launch();
}

double DistillLoss::loss() const { return loss_.to_host<float>()[0]; }

}  // namespace cucurbit::bench
