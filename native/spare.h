// Large blocks of memory that were freed, kept for the next who wants one: fresh memory comes from the system page by
// page, which takes longer than filling it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace arrow_abi __attribute__((visibility("hidden"))) {

class Spare {
public:
    static constexpr size_t LARGE = size_t(256) << 10;  // smaller blocks are the allocator's business

    // A block of at least `size` bytes, and how many it has; null if none of about that size is kept.
    static std::pair<void *, size_t> take(size_t size) {
        Spare &spare = instance();
        if (spare.busy_.test_and_set(std::memory_order_acquire)) return {nullptr, 0};
        Block *best = nullptr;
        for (Block &block : spare.blocks_)
            if (block.size >= size && block.size / 2 <= size && (!best || block.size < best->size)) best = &block;
        std::pair<void *, size_t> found{nullptr, 0};
        if (best) {
            found = {best->start, best->size};
            spare.kept_ -= best->size;
            *best = {};
        }
        spare.busy_.clear(std::memory_order_release);
        return found;
    }

    // Frees a block, now or later.
    static void free(void *start, size_t size) {
        if (size >= LARGE && instance().keep(start, size)) return;
        std::free(start);
    }

private:
    static constexpr size_t MOST = size_t(64) << 20;
    static constexpr size_t BLOCKS = 32;
    struct Block {
        void *start = nullptr;
        size_t size = 0;
    };

    // Never taken down: arrays are freed until the very end of the process.
    static Spare &instance() {
        static Spare *const spare = new Spare;
        return *spare;
    }

    bool keep(void *start, size_t size) {
        // Nobody waits: whoever comes while another is here, or after a fork that found another here, does without.
        if (busy_.test_and_set(std::memory_order_acquire)) return false;
        Block *free = nullptr;
        for (Block &block : blocks_)
            if (!block.start) free = &block;
        const bool kept = free && kept_ + size <= MOST;
        if (kept) {
            *free = {start, size};
            kept_ += size;
        }
        busy_.clear(std::memory_order_release);
        return kept;
    }

    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    Block blocks_[BLOCKS];
    size_t kept_ = 0;
};

}  // namespace arrow_abi
