#include "distill/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace cucurbit::cli {

namespace {
using Clock = std::chrono::steady_clock;

constexpr int kBarWidth = 24;
constexpr std::chrono::seconds kInterval{10};  // between lines where there is no terminal

std::string bar(double share) {
  const int filled = int(share * kBarWidth);
  return std::string(size_t(filled), '#') + std::string(size_t(kBarWidth - filled), '.');
}
}  // namespace

ProgressLine::ProgressLine(std::string label, bool quiet, bool color)
    : label_(std::move(label)), quiet_(quiet), terminal_(isatty(STDERR_FILENO)), color_(terminal_ && color) {
  if (std::getenv("NO_COLOR")) color_ = false;
}

void ProgressLine::update(const Progress& progress) {
  if (quiet_) return;
  const std::string numbers = fmt::format("loss {:.4f}  {:.0f} images/s  {:.0f} s left", progress.train.loss,
                                          progress.images_per_second, progress.seconds_left);
  if (terminal_) {
    const double share = double(progress.step) / double(progress.steps);
    fmt::print(stderr, "\r\x1b[2K{} {}/{} [{}] {}", label_, progress.epoch, progress.epochs, bar(share), numbers);
    std::fflush(stderr);
  } else if (progress.step < progress.steps && Clock::now() - last_line_ >= kInterval) {
    last_line_ = Clock::now();
    fmt::print(stderr, "{} epoch {}/{} step {}/{}  {}\n", label_, progress.epoch, progress.epochs, progress.step,
               progress.steps, numbers);
  }
}

void ProgressLine::epoch_done(const EpochReport& report, int64_t epochs) {
  last_line_ = Clock::now();
  if (quiet_) return;
  const std::string validation =
      report.validation.samples > 0 ? fmt::format("  val {:.2f} %", 100 * report.validation.top1) : "";
  const double waited = report.train.data_wait();
  const std::string waiting = waited > 0.02 ? fmt::format("  waited for images {:.0f} %", 100 * waited) : "";
  fmt::print(stderr, "{}{}{}{} epoch {}/{}  {:.1f} s  loss {:.4f}  train {:.2f} %{}{}\n", terminal_ ? "\r\x1b[2K" : "",
             color_ ? "\x1b[1m" : "", label_, color_ ? "\x1b[0m" : "", report.epoch, epochs, report.seconds,
             report.train.loss, 100 * report.train.top1, validation, waiting);
}

void ProgressLine::note(const std::string& text) {
  if (!quiet_) fmt::print(stderr, "{} {}\n", label_, text);
}

}  // namespace cucurbit::cli
