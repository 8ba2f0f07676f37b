// Numbers from text, by the rules of dataset_type.
#include "parse.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace parse __attribute__((visibility("hidden"))) {

namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

inline int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

inline bool has_hex_prefix(const char *p, const char *end) {
    return end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16;
}

// Power of ten of the first digit that counts, so that a value out of range is known to be too big or too small.
bool is_huge(const char *p, const char *end) {
    int64_t power = 0;
    bool point = false, seen = false;
    if (p < end && (*p == '-' || *p == '+')) p++;
    for (; p < end && (is_digit(*p) || *p == '.'); p++) {
        if (*p == '.') {
            point = true;
        } else {
            seen = seen || *p != '0';
            if (seen && !point) power++;
            if (!seen && point) power--;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        const bool negative = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) p++;
        int64_t exponent = 0;
        for (; p < end && is_digit(*p); p++) exponent = std::min<int64_t>(exponent * 10 + (*p - '0'), 1'000'000'000);
        power += negative ? -exponent : exponent;
    }
    return power > 0;
}

enum class Range { fits, huge, tiny };

// Longest number at the start of [p, end), a point as decimal point. Null if there is none.
const char *read_double(const char *p, const char *end, double &out, Range &range) {
    const char *start = p;
    if (p < end && *p == '+') {
        start = ++p;
        if (p < end && *p == '-') return nullptr;
    }
    const auto [stop, error] = std::from_chars(p, end, out, std::chars_format::general);
    range = Range::fits;
    if (error == std::errc::invalid_argument) return nullptr;
    if (error == std::errc::result_out_of_range) {
        range = is_huge(start, stop) ? Range::huge : Range::tiny;
        out = range == Range::huge ? std::numeric_limits<double>::infinity() : 0.0;
        if (*start == '-') out = -out;
    }
    return stop;
}

// The same with a decimal comma: a point ends the number.
const char *read_comma(const char *p, const char *end, double &out, Range &range) {
    char local[64];
    std::string large;
    const size_t size = static_cast<size_t>(end - p);
    char *copy = local;
    if (size > sizeof local) {
        large.resize(size);
        copy = large.data();
    }
    for (size_t i = 0; i < size; i++) copy[i] = p[i] == ',' ? '.' : p[i] == '.' ? ',' : p[i];
    const char *stop = read_double(copy, copy + size, out, range);
    return stop ? p + (stop - copy) : nullptr;
}

// Little-endian two's complement, as few bytes as the sign needs. False beyond ±(2^1007-1).
bool big_integer(std::string_view digits, bool negative, std::string &out) {
    constexpr int LIMBS = 32;
    constexpr int MAX_BITS = 1007;
    uint32_t limbs[LIMBS] = {};
    int used = 0;
    if (digits.size() > 310) return false;  // 2^1007 has 304 digits; leading zeros have been dropped
    for (char c : digits) {
        uint64_t carry = static_cast<uint64_t>(c - '0');
        for (int i = 0; i < used; i++) {
            carry += uint64_t(limbs[i]) * 10;
            limbs[i] = static_cast<uint32_t>(carry);
            carry >>= 32;
        }
        if (carry) {
            if (used == LIMBS) return false;
            limbs[used++] = static_cast<uint32_t>(carry);
        }
    }
    const int bits = used * 32 - (used ? __builtin_clz(limbs[used - 1]) : 32);
    if (bits > MAX_BITS) return false;
    out.clear();
    uint32_t carry = 1;
    for (int i = 0; i < bits / 8 + 1; i++) {
        uint32_t byte = i / 4 < LIMBS ? limbs[i / 4] >> (i % 4 * 8) & 0xff : 0;
        if (negative) {
            byte = (~byte & 0xff) + carry;
            carry = byte >> 8;
        }
        out.push_back(static_cast<char>(byte & 0xff));
    }
    return true;
}

}  // namespace

bool integer(std::string_view text, int base, bool prefix, int64_t low, int64_t high, int64_t &out) {
    const char *p = text.data(), *end = p + text.size();
    while (p < end && is_space(*p)) p++;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if ((base == 0 || base == 16) && has_hex_prefix(p, end)) {
        base = 16;
        p += 2;
    } else if (base == 0) {
        base = p < end && *p == '0' ? 8 : 10;
    }
    const uint64_t limit = negative ? 0 - static_cast<uint64_t>(low) : static_cast<uint64_t>(high);
    const char *digits = p;
    uint64_t value = 0;
    bool overflow = false;
    for (; p < end; p++) {
        const int digit = digit_value(*p);
        if (digit >= base) break;
        overflow = overflow || value > (limit - static_cast<uint64_t>(digit)) / static_cast<uint64_t>(base);
        value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
    }
    if (p == digits) {
        out = 0;
        return prefix;
    }
    if (!prefix) {
        while (p < end && is_space(*p)) p++;
        if (p < end) return false;
    }
    out = static_cast<int64_t>(negative ? 0 - value : value);
    return !overflow;
}

bool floating(std::string_view text, bool prefix, bool comma, double &out) {
    const char *p = text.data(), *end = p + text.size();
    while (p < end && is_space(*p)) p++;
    Range range;
    p = comma ? read_comma(p, end, out, range) : read_double(p, end, out, range);
    if (!p) {
        out = 0.0;
        return prefix;
    }
    if (prefix) return true;
    while (p < end && is_space(*p)) p++;
    return p == end;
}

Kind number(std::string_view text, bool int_only, bool comma, int64_t &i, double &d, std::string &big) {
    text = trim(text);
    const char *p = text.data(), *end = p + text.size();
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    const char *whole = p;
    while (p < end && is_digit(*p)) p++;
    const char *whole_end = p;
    size_t decimals = 0;
    bool zeros = true;
    if (p < end && *p == (comma ? ',' : '.')) {
        for (p++; p < end && is_digit(*p); p++) {
            decimals++;
            zeros = zeros && *p == '0';
        }
    }
    const bool plain = p == end && (whole_end > whole || decimals > 0);
    if (plain && zeros) {
        while (whole < whole_end && *whole == '0') whole++;
        const size_t digits = static_cast<size_t>(whole_end - whole);
        if (digits < 19) {
            uint64_t value = 0;
            for (; whole < whole_end; whole++) value = value * 10 + static_cast<uint64_t>(*whole - '0');
            i = static_cast<int64_t>(negative ? 0 - value : value);
            return Kind::integer;
        }
        const std::string_view all(whole, digits);
        if (integer(negative ? std::string("-").append(all) : std::string(all), 10, false, INT64_MIN, INT64_MAX, i))
            return Kind::integer;
        return big_integer(all, negative, big) ? Kind::big : Kind::bad;
    }
    if (int_only || text.empty()) return Kind::bad;
    if (text.find('(') != text.npos) return Kind::bad;  // nan(…)
    Range range;
    const char *stop = comma ? read_comma(text.data(), end, d, range) : read_double(text.data(), end, d, range);
    return stop == end && range == Range::fits ? Kind::floating : Kind::bad;
}

bool valid_utf8(std::string_view text) {
    const auto *p = reinterpret_cast<const uint8_t *>(text.data()), *end = p + text.size();
    while (p < end) {
        if (end - p >= 8) {
            uint64_t word;
            std::memcpy(&word, p, 8);
            word &= 0x8080808080808080u;
            if (!word) {
                p += 8;
                continue;
            }
            if constexpr (std::endian::native == std::endian::little) p += std::countr_zero(word) / 8;
        }
        const uint8_t c = *p;
        if (c < 0x80) {
            p++;
            continue;
        }
        int more;
        uint32_t code, least;
        if (c >= 0xc2 && c <= 0xdf) more = 1, code = c & 0x1f, least = 0x80;
        else if ((c & 0xf0) == 0xe0) more = 2, code = c & 0x0f, least = 0x800;
        else if (c >= 0xf0 && c <= 0xf4) more = 3, code = c & 0x07, least = 0x10000;
        else return false;
        if (end - p <= more) return false;
        for (int k = 1; k <= more; k++) {
            if ((p[k] & 0xc0) != 0x80) return false;
            code = code << 6 | (p[k] & 0x3f);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
        p += more + 1;
    }
    return true;
}

}  // namespace parse
