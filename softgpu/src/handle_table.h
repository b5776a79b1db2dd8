#pragma once

#include <deque>
#include <mutex>

namespace softgpu {

/// Owns the objects behind API handles. The memory of a destroyed object stays readable and is reused only after many
/// others were destroyed, so that one load of the flag `alive` tells a stale handle from a live one.
///
/// Object: default constructible, with a member `bool alive = false`.
template <class Object>
class HandleTable {
 public:
  Object* create() {
    std::lock_guard lock(mutex_);
    Object* object;
    if (retired_.size() > kQuarantine) {
      object = retired_.front();
      retired_.pop_front();
      *object = Object{};
    } else {
      object = &storage_.emplace_back();
    }
    object->alive = true;
    return object;
  }

  void destroy(Object* object) {
    std::lock_guard lock(mutex_);
    retire(object);
  }

  void destroy_all() {
    std::lock_guard lock(mutex_);
    for (Object& object : storage_) {
      if (object.alive) retire(&object);
    }
  }

  static bool valid(const Object* object) { return object != nullptr && object->alive; }

 private:
  static constexpr std::size_t kQuarantine = 1024;

  void retire(Object* object) {
    *object = Object{};
    retired_.push_back(object);
  }

  std::mutex mutex_;
  std::deque<Object> storage_;  // a deque never moves its elements
  std::deque<Object*> retired_;
};

}  // namespace softgpu
