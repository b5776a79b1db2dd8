#include "distill/methods/kd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/ops/cross_entropy.h"
#include "kernels/error.h"
#include "support/compare.h"
#include "support/expect_error.h"

namespace cucurbit::test {
namespace {

using Vector = std::vector<double>;
using Labels = std::vector<int32_t>;
using Json = nlohmann::json;

/// The hash and the inputs of tests/values/README.md.
double u(uint32_t i, uint32_t stream) {
  uint32_t x = i + stream * 0x9E3779B9u;
  x = (x ^ x >> 16) * 0x7FEB352Du;
  x = (x ^ x >> 15) * 0x846CA68Bu;
  x = x ^ x >> 16;
  return double(x) / 0x1p31 - 1;
}
Vector values(int64_t n, uint32_t stream, double scale) {
  Vector x(n);
  for (int64_t i = 0; i < n; ++i) x[i] = scale * u(uint32_t(i), stream);
  return x;
}

Tensor labels_tensor(const Labels& labels) { return Tensor::from_host(labels, {int64_t(labels.size())}); }

struct Outcome {
  double loss;
  Vector gradient;
};

/// Loss and gradient of `loss(student)`, with dL/d(loss) = seed.
template <class F>
Outcome differentiate(Tensor student, F loss, double seed = 1) {
  require_gradient(student);
  Tape tape;
  const Tensor result = loss(student);
  tape.backward(result, seed == 1 ? Tensor() : to_device({seed}, {}, result.dtype()));
  return {to_host(result)[0], to_host(student.grad())};
}

Outcome run_kd(const Vector& student, const Vector& teacher, const Labels& labels, const DistillOptions& options,
               DType dtype = DType::f32, DType teacher_dtype = DType::f32) {
  const int64_t rows = int64_t(labels.size()), cols = int64_t(student.size()) / rows;
  const Tensor v = to_device(teacher, {rows, cols}, teacher_dtype);
  return differentiate(to_device(student, {rows, cols}, dtype),
                       [&](const Tensor& z) { return distill_logits(z, v, labels_tensor(labels), options); });
}

class Values : public testing::TestWithParam<DType> {
 protected:
  static Json read() {
    std::ifstream file(CUCURBIT_SOURCE_DIR "/tests/values/losses.json");
    return Json::parse(file);
  }
  static void expect_same(const Outcome& got, const Json& want, double T) {
    const auto gradient = want["gradient"].get<Vector>();
    // The distillation term carries an absolute error of some T^2 eps.
    expect_close({got.loss}, {want["loss"].get<double>()}, GetParam(), 1, 1 + T * T / 16, "loss");
    expect_close(got.gradient, gradient, GetParam(), int64_t(gradient.size()), 1, "gradient");
  }
};

TEST_P(Values, CrossEntropyIsPyTorchs) {
  const Json file = read();
  for (const Json& want : file["cross_entropy"]) {
    const int64_t rows = file["rows"], cols = want["classes"];
    const Tensor z = to_device(values(rows * cols, 100, file["logit_scale"]), {rows, cols}, GetParam());
    const Tensor y = labels_tensor(want["labels"].get<Labels>());
    expect_same(
        differentiate(
            z, [&](const Tensor& x) { return cross_entropy(x, y, {.label_smoothing = want["label_smoothing"]}); }),
        want, 0);
  }
}

TEST_P(Values, DistillationIsPyTorchs) {
  const Json file = read();
  for (const Json& want : file["distillation"]) {
    const int64_t n = int64_t(file["rows"]) * int64_t(want["classes"]);
    const DistillOptions options{.temperature = want["temperature"].get<double>(),
                                 .task_weight = want["task_weight"].get<double>(),
                                 .distill_weight = want["distill_weight"].get<double>()};
    const double scale = file["logit_scale"];
    expect_same(run_kd(values(n, 100, scale), values(n, 102, scale), want["labels"].get<Labels>(), options, GetParam(),
                       GetParam()),
                want, options.temperature.constant());
  }
}

INSTANTIATE_TEST_SUITE_P(Kd, Values, testing::Values(DType::f32, DType::f64),
                         [](const auto& info) { return std::string(name(info.param)); });

const std::vector<int64_t> kWidths = {2, 3, 4, 10, 31, 32, 33, 100, 1000, 1025};
const Labels kSomeLabels = {0, 1, -100, 1, 0};

TEST(Kd, NothingToLearnFromItself) {
  for (const int64_t cols : kWidths)
    for (const double scale : {1.0, 20.0, 1e4}) {
      const Vector z = values(5 * cols, 1, scale);
      const Outcome got = run_kd(z, z, kSomeLabels, {.temperature = 3, .task_weight = 0, .distill_weight = 1});
      EXPECT_EQ(got.loss, 0) << cols << " at " << scale;
      for (const double g : got.gradient) ASSERT_EQ(g, 0) << cols << " at " << scale;
    }
}

TEST(Kd, TendsToSquaredDistanceAtHighTemperature) {
  for (const int64_t cols : kWidths) {
    const int64_t rows = 3;
    Vector z = values(rows * cols, 1, 2), v = values(rows * cols, 2, 2);
    double distance = 0;
    for (int64_t r = 0; r < rows; ++r) {
      double shift = 0;  // logits of zero mean: only differences from it matter
      for (int64_t c = 0; c < cols; ++c) shift += (z[r * cols + c] - v[r * cols + c]) / double(cols);
      for (int64_t c = 0; c < cols; ++c)
        distance += std::pow(z[r * cols + c] - v[r * cols + c] - shift, 2) / (2.0 * cols * rows);
    }
    const Outcome got =
        run_kd(z, v, {0, 1, 0}, {.temperature = 1e4, .task_weight = 0, .distill_weight = 1}, DType::f64, DType::f64);
    EXPECT_NEAR(got.loss, distance, 1e-3 * distance) << cols;
  }
}

/// A teacher that is certain gives the cross-entropy with its answer.
TEST(Kd, CertainTeacherIsALabel) {
  for (const int64_t cols : kWidths)
    for (int32_t answer = 0; answer < std::min<int64_t>(cols, 40); ++answer) {
      const Vector z = values(cols, 1, 4);
      Vector v(cols, 0);
      v[answer] = 2e4;
      const Outcome distilled = run_kd(z, v, {0}, {.temperature = 1, .task_weight = 0, .distill_weight = 1});
      const Outcome labelled = run_kd(z, v, {answer}, {.temperature = 1, .task_weight = 1, .distill_weight = 0});
      // Logits of 2e4 are known to 2e4 * 2^-24 only.
      EXPECT_NEAR(distilled.loss, labelled.loss, 4e-3) << cols;
      expect_close(distilled.gradient, labelled.gradient, DType::f32, cols, 1, "gradient");
    }
}

TEST(Kd, HugeLogitsStayFinite) {
  for (const int64_t cols : kWidths) {
    const Outcome got = run_kd(values(5 * cols, 1, 1e4), values(5 * cols, 2, 1e4), kSomeLabels, {.temperature = 2});
    EXPECT_TRUE(std::isfinite(got.loss)) << cols;
    for (int64_t r = 0; r < 5; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < cols; ++c) sum += got.gradient[r * cols + c];
      EXPECT_NEAR(sum, 0, 1e-5) << cols;
    }
  }
}

TEST(Kd, IgnoredRowsAreZeroWhateverTheyHold) {
  for (const int64_t cols : kWidths) {
    Vector z = values(5 * cols, 1, 2);
    const Vector v = values(5 * cols, 2, 2);
    const Outcome clean = run_kd(z, v, kSomeLabels, {});
    for (int64_t c = 0; c < cols; ++c) z[2 * cols + c] = NAN;
    const Outcome got = run_kd(z, v, kSomeLabels, {});
    EXPECT_EQ(got.loss, clean.loss) << cols;
    EXPECT_EQ(got.gradient, clean.gradient) << cols;
    for (int64_t c = 0; c < cols; ++c) EXPECT_EQ(got.gradient[2 * cols + c], 0) << cols;
  }
}

TEST(Kd, IsItsComposedForm) {
  for (const int64_t cols : kWidths) {
    const Tensor z = to_device(values(5 * cols, 1, 3), {5, cols}, DType::f64);
    const Tensor v = to_device(values(5 * cols, 2, 3), {5, cols}, DType::f64);
    const Tensor y = labels_tensor({1, 0, 1, 1, 0});
    const Outcome fused = differentiate(z, [&](const Tensor& x) { return distill_logits(x, v, y); });
    const Outcome composed = differentiate(z, [&](const Tensor& x) { return kd_composed(x, v, y, {}); });
    EXPECT_NEAR(fused.loss, composed.loss, 1e-12) << cols;
    for (size_t i = 0; i < fused.gradient.size(); ++i)
      ASSERT_NEAR(fused.gradient[i], composed.gradient[i], 1e-13) << cols;
  }
}

/// The composed form reads tables as the fused one does, so that a captured step follows them in either.
TEST(Kd, ComposedFormFollowsTables) {
  const StepState start{.micro_batch = 1};
  const Tensor storage = bytes_on_device(std::span<const StepState>(&start, 1));
  const auto* state = static_cast<const StepState*>(storage.raw());
  const DistillOptions tables{.temperature = StepSchedule(std::vector<double>{1, 3}).at(state),
                              .task_weight = StepSchedule(std::vector<double>{9, 0.25}).at(state),
                              .distill_weight = StepSchedule(std::vector<double>{9, 0.7}).at(state)};
  const DistillOptions constants{.temperature = 3, .task_weight = 0.25, .distill_weight = 0.7};
  const Tensor z = to_device(values(50, 1, 3), {5, 10}, DType::f64),
               v = to_device(values(50, 2, 3), {5, 10}, DType::f64);
  const Tensor y = labels_tensor({1, 0, 1, 1, 0});
  const Outcome got = differentiate(z, [&](const Tensor& x) { return kd_composed(x, v, y, tables); });
  const Outcome expected = differentiate(z, [&](const Tensor& x) { return kd_composed(x, v, y, constants); });
  EXPECT_NEAR(got.loss, expected.loss, 1e-14);
  for (size_t i = 0; i < got.gradient.size(); ++i) ASSERT_NEAR(got.gradient[i], expected.gradient[i], 1e-15);
}

TEST(Kd, WithoutLabelsEveryRowCounts) {
  const Vector z = values(50, 1, 2), v = values(50, 2, 2);
  const Tensor teacher = to_device(v, {5, 10}, DType::f32);
  const Outcome got = differentiate(to_device(z, {5, 10}, DType::f32), [&](const Tensor& x) {
    return distill_logits(x, teacher, {}, {.task_weight = 7, .distill_weight = 1});
  });
  const Outcome want = run_kd(z, v, {0, 1, 2, 3, 4}, {.task_weight = 0, .distill_weight = 1});
  EXPECT_EQ(got.loss, want.loss);
  EXPECT_EQ(got.gradient, want.gradient);
}

TEST(Kd, GradientScalesWithCotangent) {
  const Vector z = values(50, 1, 2), v = values(50, 2, 2);
  const Tensor teacher = to_device(v, {5, 10}, DType::f32);
  const auto loss = [&](const Tensor& x) { return distill_logits(x, teacher, labels_tensor(kSomeLabels), {}); };
  Vector tripled = differentiate(to_device(z, {5, 10}, DType::f32), loss).gradient;
  for (double& g : tripled) g *= -3;
  expect_close(differentiate(to_device(z, {5, 10}, DType::f32), loss, -3).gradient, tripled, DType::f32, 1, 1,
               "gradient");
}

TEST(Kd, ElementTypesMix) {
  const Vector z = rounded(values(500, 1, 3), DType::bf16), v = rounded(values(500, 2, 3), DType::bf16);
  const Outcome want = run_kd(z, v, kSomeLabels, {});
  for (const DType student : {DType::f32, DType::bf16})
    for (const DType teacher : {DType::f32, DType::bf16}) {
      const Outcome got = run_kd(z, v, kSomeLabels, {}, student, teacher);
      EXPECT_EQ(got.loss, want.loss) << name(student) << " " << name(teacher);
      expect_close(got.gradient, want.gradient, student, 1, 1, "gradient");
    }
  expect_error(ErrorKind::input, {"[distill_logits] student f32 ", "teacher f64 "},
               [&] { run_kd(z, v, kSomeLabels, {}, DType::f32, DType::f64); });
}

TEST(Kd, RefusesWhatMakesNoSense) {
  const Tensor z = to_device(values(50, 1, 2), {5, 10}, DType::f32), y = labels_tensor(kSomeLabels);
  const auto expect_refused = [](std::initializer_list<std::string_view> words, auto&& call) {
    expect_error(ErrorKind::input, words, call);
  };
  expect_refused({"[distill_logits] teacher f32 [5,11]", "student f32 [5,10]"}, [&] {
    distill_logits(z, to_device(values(55, 2, 2), {5, 11}, DType::f32), y);
  });
  expect_refused({"[distill_logits] labels i32 [2]", "f32 [5,10]"}, [&] {
    distill_logits(z, z, labels_tensor({1, 2}));
  });
  expect_refused({"[distill_logits] temperature 0,"}, [&] { distill_logits(z, z, y, {.temperature = 0}); });
  expect_refused({"[distill_logits] temperature nan,"}, [&] { distill_logits(z, z, y, {.temperature = NAN}); });
  expect_refused({"[distill_logits]", "task weight inf"}, [&] { distill_logits(z, z, y, {.task_weight = INFINITY}); });
  expect_refused({"[distill_logits]", "smoothing 1.5"}, [&] { distill_logits(z, z, y, {.label_smoothing = 1.5}); });
  expect_refused({"[distill_logits] logits", "undefined"}, [&] { distill_logits({}, z, y); });
}

}  // namespace
}  // namespace cucurbit::test
