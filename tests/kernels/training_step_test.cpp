// The norm of all gradients, the limit on it, and what training keeps of a step.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/accuracy.h"
#include "kernels/gradient_norm.h"
#include "kernels/mirror.h"
#include "kernels/step.h"
#include "support/compare.h"

namespace cucurbit::test {
namespace {

struct Clip {
  float scale;
  double norm;
};

/// Parameters of these sizes, 3 elements apart.
template <class A>
Clip clip(const std::vector<int64_t>& sizes, double max_norm, std::vector<A>& gradients) {
  std::vector<ParameterChunk> chunks;
  int64_t end = 0;
  for (size_t s = 0; s < sizes.size(); ++s) {
    append_chunks(chunks, end, sizes[s], int32_t(s));
    end += sizes[s] + 3;
  }
  gradients.resize(size_t(end), std::numeric_limits<A>::quiet_NaN());  // between them: never read
  const Tensor device = Tensor::from_host(gradients, {end});
  const Tensor table = bytes_on_device(std::span<const ParameterChunk>(chunks));
  const Tensor partial = Tensor::empty({int64_t(chunks.size())}, DType::f64);
  const Tensor scale = Tensor::empty({1}, DType::f32), norm = Tensor::empty({1}, DType::f64);
  kernels::chunk_squares(device.data<A>(), reinterpret_cast<const ParameterChunk*>(table.raw()), int64_t(chunks.size()),
                         partial.data<double>(), stream());
  kernels::clip_scale(partial.data<double>(), int64_t(chunks.size()), max_norm, scale.data<float>(),
                      norm.data<double>(), stream());
  return {scale.to_host<float>()[0], norm.to_host<double>()[0]};
}

template <class A>
void expect_clip(const std::vector<int64_t>& sizes, double tolerance) {
  std::vector<A> gradients;
  double squares = 0;
  for (size_t s = 0; s < sizes.size(); ++s) {
    for (int64_t i = 0; i < sizes[s]; ++i) {
      const A g = A(std::sin(double(i) + double(s)) * 0.1);
      squares += double(g) * double(g);
      gradients.push_back(g);
    }
    gradients.insert(gradients.end(), 3, std::numeric_limits<A>::quiet_NaN());
  }
  const double norm = std::sqrt(squares);
  for (const double limit : {norm / 7, norm * 2}) {
    const Clip got = clip<A>(sizes, limit, gradients), again = clip<A>(sizes, limit, gradients);
    EXPECT_NEAR(got.norm, norm, tolerance * norm);
    EXPECT_NEAR(got.scale, std::min(1.0, limit / (norm + 1e-6)), tolerance + 1e-7);
    EXPECT_EQ(got.norm, again.norm);
  }
}

TEST(GradientNorm, EqualsTheSumInDouble) {
  for (const std::vector<int64_t>& sizes :
       std::vector<std::vector<int64_t>>{{1}, {31, 33}, {4096, 4097, 1}, {100000, 7, 20000}}) {
    expect_clip<float>(sizes, 2e-6);
    expect_clip<double>(sizes, 1e-13);
  }
}

TEST(GradientNorm, WithoutGradientsOrWithoutParametersNothingIsScaled) {
  std::vector<float> zeros(100, 0.f), none;
  EXPECT_EQ(clip<float>({100}, 0.5, zeros).scale, 1);
  EXPECT_EQ(clip<float>({}, 0.5, none).scale, 1);
}

TEST(GradientNorm, NaNStays) {
  std::vector<float> gradients(5000, 1.f);
  gradients[4321] = NAN;
  EXPECT_TRUE(std::isnan(clip<float>({5000}, 1, gradients).norm));
  EXPECT_TRUE(std::isnan(clip<float>({5000}, 1, gradients).scale));
}

TEST(KeepValue, WritesAtTheStepAndNoFurther) {
  const Tensor series = Tensor::zeros({3}, DType::f32), value = Tensor::from_host(std::vector<double>{2.5}, {1});
  StepState state{.seed = 1};
  for (state.micro_batch = 1; state.micro_batch < 5; ++state.micro_batch) {
    const Tensor device = bytes_on_device(std::span<const StepState>(&state, 1));
    kernels::keep_value(value.data<double>(), reinterpret_cast<const StepState*>(device.raw()), series.data<float>(), 3,
                        stream());
    synchronize();
  }
  EXPECT_EQ(series.to_host<float>(), (std::vector<float>{0, 2.5, 2.5}));
}

TEST(Mirror, TurnsRowsAndKeepsChannels) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    for (const int64_t rows : {0, 1, 70})
      for (const int64_t width : {1, 2, 7, 32, 1025})
        for (const int64_t channels : {1, 3}) {
          std::vector<double> x(size_t(rows * width * channels));
          for (size_t i = 0; i < x.size(); ++i) x[i] = double(i % 251);
          const Tensor in = to_device(x, {rows, width, channels}, dtype), out = Tensor::empty(in.shape(), dtype);
          dispatch_float(dtype, "test", [&]<class T>(Type<T>) {
            kernels::mirror(in.data<T>(), out.data<T>(), rows, width, channels, stream());
          });
          const std::vector<double> y = to_host(out);
          for (int64_t r = 0; r < rows; ++r)
            for (int64_t w = 0; w < width; ++w)
              for (int64_t c = 0; c < channels; ++c)
                ASSERT_EQ(y[size_t((r * width + w) * channels + c)],
                          x[size_t((r * width + width - 1 - w) * channels + c)])
                    << name(dtype) << " " << rows << "x" << width << "x" << channels;
        }
}

TEST(Confusion, CountsPredictionsByLabelInTheSamePass) {
  constexpr int64_t kRows = 200;
  for (const int classes : {2, 10, 33, 100}) {
    std::vector<double> logits(size_t(kRows * classes));
    std::vector<int32_t> labels;
    for (size_t i = 0; i < logits.size(); ++i) logits[i] = double((i * 7919) % 13) - 6;  // with ties
    for (int64_t r = 0; r < kRows; ++r) labels.push_back(r % 17 == 0 ? -100 : int32_t((r * 31) % classes));
    logits[size_t(5 * classes)] = NAN;  // a row without a prediction
    std::vector<int64_t> want(size_t(classes * classes), 0);
    for (int64_t r = 0; r < kRows; ++r) {
      const double* row = &logits[size_t(r * classes)];
      if (labels[size_t(r)] >= 0 && r != 5)
        ++want[size_t(labels[size_t(r)] * classes + std::max_element(row, row + classes) - row)];
    }
    const Tensor counts = Tensor::zeros({int64_t(sizeof(kernels::AccuracyCounts))}, DType::u8);
    const Tensor matrix = Tensor::zeros({classes, classes}, DType::i64);
    const Tensor x = to_device(logits, {kRows, classes}, DType::f32), y = Tensor::from_host(labels, {kRows});
    kernels::count_accuracy(x.data<float>(), y.data<int32_t>(), kRows, classes, 1,
                            static_cast<kernels::AccuracyCounts*>(counts.raw()), matrix.data<int64_t>(), stream());
    EXPECT_EQ(matrix.to_host<int64_t>(), want) << classes;
    kernels::AccuracyCounts got{};
    counts.copy_to_host(&got, sizeof got);
    int64_t diagonal = 0;
    for (int c = 0; c < classes; ++c) diagonal += want[size_t(c * classes + c)];
    EXPECT_EQ(got.top1, diagonal) << classes;
  }
}

}  // namespace
}  // namespace cucurbit::test
