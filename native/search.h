// Finding short texts in long stretches of memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace kernel {

// Sixteen bytes at once; comparisons give a mask of ones. GCC and Clang know this on every machine.
typedef uint8_t Bytes16 __attribute__((vector_size(16)));
constexpr size_t kBytes16 = sizeof(Bytes16);

inline Bytes16 load16(const void *p) {
    Bytes16 found;
    std::memcpy(&found, p, sizeof found);
    return found;
}

inline bool any_of(Bytes16 mask) {
    uint64_t halves[2];
    std::memcpy(halves, &mask, sizeof halves);
    return halves[0] | halves[1];
}

inline uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

// A text to look for. With fold, letters of ASCII are found whether they are capitals or not.
class Needle {
public:
    Needle(std::string_view text, bool fold);

    size_t size() const { return text_.size(); }
    // First place from p on where it stands and ends before `end`, or null. Not for an empty text.
    const char *find(const char *p, const char *end) const;
    bool is_in(std::string_view text) const { return text_.empty() || find(text.data(), text.data() + text.size()); }

private:
    bool stands_at(const char *p) const;

    std::string text_;
    bool fold_;
    uint8_t first_bit_ = 0, last_bit_ = 0;  // what makes a letter at the border small
};

}  // namespace kernel
