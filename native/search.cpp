#include "search.h"

namespace kernel {

namespace {

bool is_letter(uint8_t c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

}  // namespace

Needle::Needle(std::string_view text, bool fold) : text_(text), fold_(fold) {
    if (!fold || text.empty()) return;
    for (char &c : text_) c = static_cast<char>(lower(static_cast<uint8_t>(c)));
    if (is_letter(static_cast<uint8_t>(text_.front()))) first_bit_ = 0x20;
    if (is_letter(static_cast<uint8_t>(text_.back()))) last_bit_ = 0x20;
}

bool Needle::stands_at(const char *p) const {
    if (!fold_) return std::memcmp(p, text_.data(), text_.size()) == 0;
    for (size_t k = 0; k < text_.size(); k++) {
        if (lower(static_cast<uint8_t>(p[k])) != static_cast<uint8_t>(text_[k])) return false;
    }
    return true;
}

const char *Needle::find(const char *p, const char *end) const {
    const size_t n = text_.size();
    if (static_cast<size_t>(end - p) < n) return nullptr;
    const char *last_start = end - n;
    // Where both the first and the last character are right is looked at more closely.
    const auto first = static_cast<uint8_t>(text_.front()), last = static_cast<uint8_t>(text_.back());
    for (; p + kBytes16 - 1 <= last_start; p += kBytes16) {
        const Bytes16 mask = reinterpret_cast<Bytes16>((load16(p) | first_bit_) == first) &
                             reinterpret_cast<Bytes16>((load16(p + n - 1) | last_bit_) == last);
        if (!any_of(mask)) [[likely]] continue;
        for (size_t k = 0; k < kBytes16; k++) {
            if (mask[k] && stands_at(p + k)) return p + k;
        }
    }
    for (; p <= last_start; p++) {
        if (stands_at(p)) return p;
    }
    return nullptr;
}

}  // namespace kernel
