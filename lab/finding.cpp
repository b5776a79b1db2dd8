#include "lab/finding.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

/// Reads the reports of test processes, and compares and joins findings.

namespace cucurbit::lab {
namespace {

using nlohmann::json;

Party party_from(const json& value) {
  Party party{
      value.value("what", ""), value.value("file", ""), value.value("line", 0), value.value("function", ""), {}, {}};
  if (value.contains("thread")) party.thread = value["thread"].get<std::vector<unsigned>>();
  if (value.contains("block")) party.block = value["block"].get<std::vector<unsigned>>();
  return party;
}

Finding finding_from(const json& value) {
  Finding finding{value.at("checker"),
                  value.at("kind"),
                  value.at("message"),
                  value.value("kernel", ""),
                  value.value("hint", ""),
                  {},
                  {}};
  for (const json& party : value.at("parties")) finding.parties.push_back(party_from(party));
  return finding;
}

}  // namespace

ProcessReport read_report(const std::filesystem::path& path) {
  ProcessReport report;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!value.is_object()) continue;  // the process was killed while it wrote
    if (value.contains("checker"))
      report.findings.push_back(finding_from(value));
    else if (value.contains("contents"))
      report.contents.push_back({value["contents"], value.at("file"), value.at("line")});
    else if (value.contains("finished"))
      report.finished = true;
  }
  return report;
}

bool same_places(const Finding& a, const Finding& b) {
  return std::is_permutation(a.parties.begin(), a.parties.end(), b.parties.begin(), b.parties.end(),
                             [](const Party& x, const Party& y) { return x.file == y.file && x.line == y.line; });
}

void add_finding(std::vector<Finding>& findings, Finding finding) {
  for (Finding& known : findings) {
    if (known.checker != finding.checker || known.kind != finding.kind || known.kernel != finding.kernel ||
        !same_places(known, finding))
      continue;
    for (std::string& run : finding.seen)
      if (std::find(known.seen.begin(), known.seen.end(), run) == known.seen.end())
        known.seen.push_back(std::move(run));
    return;
  }
  findings.push_back(std::move(finding));
}

bool is_file(const std::string& name, const std::filesystem::path& file) {
  std::error_code error;
  return name == file.string() || (!name.empty() && std::filesystem::equivalent(name, file, error));
}

json to_json(const Finding& finding) {
  json parties = json::array();
  for (const Party& party : finding.parties) {
    json one{{"what", party.what}, {"file", party.file}, {"line", party.line}, {"function", party.function}};
    if (!party.thread.empty()) one["thread"] = party.thread;
    if (!party.block.empty()) one["block"] = party.block;
    parties.push_back(std::move(one));
  }
  return {{"checker", finding.checker}, {"kind", finding.kind}, {"message", finding.message},
          {"kernel", finding.kernel},   {"hint", finding.hint}, {"parties", std::move(parties)},
          {"seen", finding.seen}};
}

}  // namespace cucurbit::lab
