#include "engine/nn/module.h"

namespace cucurbit {

void Module::list_state(const std::string& prefix, StateList& list) {
  list_own_state(prefix, list);
  for_each_child([&](const std::string& name, Module& child) { child.list_state(prefix + name, list); });
}

void Module::freeze() {
  for_each_child([](const std::string&, Module& child) { child.freeze(); });
}

}  // namespace cucurbit
