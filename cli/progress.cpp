#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "engine/train/interrupt.h"

namespace cucurbit::cli {

namespace {
using Clock = std::chrono::steady_clock;

constexpr int kBarWidth = 24;
constexpr std::chrono::seconds kInterval{10};  // between lines where there is no terminal

/// "loss 1.2345", and what else the step's meters show: "loss 1.2345 (task 0.5678, distill 1.3456)".
std::string losses(const TrainMetrics& train) {
  std::string terms;
  for (const MeterReading& term : train.terms)
    terms += fmt::format("{}{} {:.4f}", terms.empty() ? " (" : ", ", term.name, term.mean);
  return fmt::format("loss {:.4f}{}{}", train.loss, terms, terms.empty() ? "" : ")");
}

std::string bar(double share) {
  const int filled = int(share * kBarWidth);
  return std::string(size_t(filled), '#') + std::string(size_t(kBarWidth - filled), '.');
}
}  // namespace

ProgressLine::ProgressLine(bool quiet, bool color)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO)), color_(terminal_ && color) {
  if (std::getenv("NO_COLOR")) color_ = false;
}

void ProgressLine::begin(const std::string& label) {
  label_ = label;
  last_line_ = Clock::now();
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
  fmt::print(stderr, "{}{}{}{} epoch {}/{}  {:.1f} s  {}  train {:.2f} %{}{}\n", terminal_ ? "\r\x1b[2K" : "",
             color_ ? "\x1b[1m" : "", label_, color_ ? "\x1b[0m" : "", report.epoch, epochs, report.seconds,
             losses(report.train), 100 * report.train.top1, validation, waiting);
}

void ProgressLine::remark(const std::string& text) {
  if (!quiet_) fmt::print(stderr, "{} {}\n", label_, text);
}

RunObserver terminal_observer(bool quiet) {
  RunObserver observer;
  if (!quiet) observer.note = [](const std::string& text) { fmt::print(stderr, "{}\n", text); };
  observer.warning = [](const std::string& text) { fmt::print(stderr, "cucurbit: {}\n", text); };
  return observer;
}

RunObserver training_observer(bool quiet, bool color) {
  RunObserver observer = terminal_observer(quiet);
  const auto line = std::make_shared<ProgressLine>(quiet, color);
  observer.training = [line](const std::string& label) {
    catch_interrupts();
    line->begin(label);
  };
  observer.progress = [line](const Progress& progress) { line->update(progress); };
  observer.epoch = [line](const EpochReport& report, int64_t epochs) { line->epoch_done(report, epochs); };
  observer.remark = [line](const std::string& text) { line->remark(text); };
  return observer;
}

}  // namespace cucurbit::cli
