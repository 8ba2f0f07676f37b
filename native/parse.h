// Text -> typed values, a whole Arrow array at a time. What cannot be converted is marked, never guessed.
#pragma once

#include "arrow_abi.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parse __attribute__((visibility("hidden"))) {

inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

// --- single values (number.cpp) --------------------------------------------------------------------------------

// The whole of the value must be used, but for spaces around it; with `prefix` as much of its start as possible is,
// and what has no number at its start is 0.
bool integer(std::string_view text, int base, bool prefix, int64_t low, int64_t high, int64_t &out);
bool floating(std::string_view text, bool prefix, bool comma, double &out);

enum class Kind : uint8_t { bad, integer, floating, big };

// `big` becomes little-endian two's complement.
Kind number(std::string_view text, bool int_only, bool comma, int64_t &i, double &d, std::string &big);

bool valid_utf8(std::string_view text);

// --- arrays ----------------------------------------------------------------------------------------------------

// A string or binary array from Python, of 32 or 64 bit offsets.
class TextArray {
public:
    explicit TextArray(nanobind::handle object);
    int64_t size() const { return size_; }
    bool null(int64_t i) const {
        i += offset_;
        return validity_ && !(validity_[i >> 3] >> (i & 7) & 1);
    }
    std::string_view operator[](int64_t i) const {
        i += offset_;
        if (wide_) return span(wide_[i], wide_[i + 1]);
        return span(narrow_[i], narrow_[i + 1]);
    }

private:
    std::string_view span(int64_t from, int64_t to) const { return {data_ + from, static_cast<size_t>(to - from)}; }
    arrow_abi::Imported imported_;
    int64_t size_, offset_;
    const uint8_t *validity_;
    const int32_t *narrow_ = nullptr;
    const int64_t *wide_ = nullptr;
    const char *data_;
};

// A bitmap of which few bits differ from the rest: not there as long as none does.
class Bitmap {
public:
    Bitmap(int64_t size, bool common) : size_(size), common_(common) {}
    void flip(int64_t i) {
        if (!flipped_) {
            bits_.resize(static_cast<size_t>((size_ + 7) / 8));
            std::memset(bits_.data(), common_ ? 0xff : 0, bits_.size());
        }
        flipped_++;
        bits_.data()[i >> 3] ^= static_cast<uint8_t>(1 << (i & 7));
    }
    int64_t flipped() const { return flipped_; }
    arrow_abi::Buffer take() { return std::move(bits_); }

private:
    int64_t size_, flipped_ = 0;
    bool common_;
    arrow_abi::Buffer bits_;
};

// What holds for every type: which texts are None, and what replaces values that cannot be converted.
struct Rules {
    bool none_empty = false;
    std::vector<std::string> none_values;
    bool has_default = false;
    std::string default_text;

    bool none(std::string_view text) const {
        if (text.empty() && none_empty) return true;
        for (const std::string &v : none_values)
            if (text == v) return true;
        return false;
    }
};

struct Parsed {
    arrow_abi::Column column;
    int64_t bad;             // values that could not be converted, replaced by a default or not
    arrow_abi::Column mask;  // which; only if there are any
};

}  // namespace parse
