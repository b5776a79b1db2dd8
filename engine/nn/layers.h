#pragma once

/// Every layer and container, for code that builds networks.
#include "engine/nn/activation_layer.h"
#include "engine/nn/batch_norm.h"
#include "engine/nn/channels.h"
#include "engine/nn/conv2d.h"
#include "engine/nn/conv_norm.h"
#include "engine/nn/dropout.h"
#include "engine/nn/flatten.h"
#include "engine/nn/linear.h"
#include "engine/nn/pooling.h"
#include "engine/nn/residual.h"
#include "engine/nn/sequential.h"
#include "engine/nn/tapped.h"
