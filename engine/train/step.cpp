#include "engine/train/step.h"

#include "engine/runtime/stream.h"
#include "kernels/step.h"

namespace cucurbit {

void StepContext::backward(Tape& tape, const Tensor& loss) const {
  if (loss_history)
    dispatch_float(loss.dtype(), "losses", [&]<class T>(Type<T>) {
      kernels::keep_value(loss.data<acc_t<T>>(), state, loss_history.data<float>(), loss_history.size(), stream());
    });
  tape.backward(loss, share);
}

}  // namespace cucurbit
