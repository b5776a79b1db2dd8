#pragma once

// Every family of ops. A new family is included here.
#include "op_cases/activation.h"
#include "op_cases/batch_norm.h"
#include "op_cases/bias.h"
#include "op_cases/channels.h"
#include "op_cases/conv2d.h"
#include "op_cases/conv_norm.h"
#include "op_cases/cross_entropy.h"
#include "op_cases/distill_logits.h"
#include "op_cases/dropout.h"
#include "op_cases/elementwise.h"
#include "op_cases/gemm.h"
#include "op_cases/linear.h"
#include "op_cases/pooling.h"
#include "op_cases/reduction.h"
#include "op_cases/scale_by.h"
#include "op_cases/softmax.h"
