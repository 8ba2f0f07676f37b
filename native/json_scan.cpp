#include "json_scan.h"

#include "json_text.h"
#include "parse.h"
#include "value_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kernel {

namespace {

constexpr int kDepth = 100;
constexpr size_t kFewKeys = 8;  // of which each is compared with each

inline bool is_plain(char c) { return static_cast<uint8_t>(c) >= 0x20 && c != '"' && c != '\\'; }

// The first character in [p, end) that is not just itself in a string, or end. `ascii` becomes false if there is
// something else before it.
inline const char *plain_end(const char *p, const char *end, bool &ascii) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    while (end - p >= 16) {
        const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, backslash));
        const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(chunk, control), chunk);
        const auto special = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(marks, controls)));
        const auto high = static_cast<unsigned>(_mm_movemask_epi8(chunk));
        if (special) {
            const int k = __builtin_ctz(special);
            if (high & ((1u << k) - 1)) ascii = false;
            return p + k;
        }
        if (high) ascii = false;
        p += 16;
    }
#endif
    for (; p < end && is_plain(*p); p++) {
        if (static_cast<uint8_t>(*p) >= 0x80) ascii = false;
    }
    return p;
}

void append_utf8(uint32_t code, std::string &out) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        if (code < 0x10000) {
            out += static_cast<char>(0xe0 | code >> 12);
        } else {
            out += static_cast<char>(0xf0 | code >> 18);
            out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
        }
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

const char *digits_end(const char *p, const char *end) {
    while (p < end && parse::is_digit(*p)) p++;
    return p;
}

}  // namespace

bool JsonScanner::word(std::string_view expected) {
    if (left() < expected.size() || std::string_view(p_, expected.size()) != expected) return false;
    p_ += expected.size();
    return true;
}

// ---- strings ----

bool JsonScanner::code_unit(uint32_t &out) {
    if (left() < 4) return false;
    const auto [stop, error] = std::from_chars(p_, p_ + 4, out, 16);
    if (error != std::errc() || stop != p_ + 4) return false;
    p_ += 4;
    return true;
}

// Appends what a backslash begins; p_ is behind it.
bool JsonScanner::escape() {
    static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (at_end()) return false;
    const char c = *p_++;
    if (const size_t k = letters.find(c); k != letters.npos) {
        unescaped_ += meant[k];
        return true;
    }
    uint32_t code, low;
    if (c != 'u' || !code_unit(code)) return false;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || !word("\\u") || !code_unit(low) || low < 0xdc00 || low >= 0xe000) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(code, unescaped_);
    return true;
}

bool JsonScanner::text(std::string_view &out) {
    if (at_end() || *p_ != '"') return false;
    const char *start = ++p_;
    bool ascii = true;
    p_ = plain_end(p_, end_, ascii);
    if (!at_end() && *p_ == '"') {
        out = {start, static_cast<size_t>(p_++ - start)};
        return ascii || parse::valid_utf8(out);
    }
    unescaped_.assign(start, p_);
    while (!at_end() && *p_ == '\\') {
        p_++;
        if (!escape()) return false;
        start = p_;
        p_ = plain_end(p_, end_, ascii);
        unescaped_.append(start, p_);
    }
    if (at_end() || *p_ != '"') return false;
    p_++;
    out = unescaped_;
    // No escape ends in the middle of a character, so what is valid between them is so on the whole.
    return ascii || parse::valid_utf8(out);
}

// ---- single values ----

JsonKind JsonScanner::number(JsonValue &out) {
    const char *start = p_;
    const bool negative = *p_ == '-';
    if (negative) p_++;
    if (at_end()) return JsonKind::unknown;
    if (*p_ == 'I' && word("Infinity")) {
        out.floating = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
        return JsonKind::floating;
    }
    const char *first = p_;
    uint64_t magnitude = 0;
    for (; p_ < end_ && parse::is_digit(*p_); p_++) magnitude = magnitude * 10 + static_cast<uint64_t>(*p_ - '0');
    const auto digits = p_ - first;
    if (!digits || (*first == '0' && digits > 1)) return JsonKind::unknown;
    if (p_ < end_ && (*p_ == '.' || *p_ == 'e' || *p_ == 'E')) {
        if (*p_ == '.') {
            const char *fraction = ++p_;
            p_ = digits_end(p_, end_);
            if (p_ == fraction) return JsonKind::unknown;
        }
        if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
            p_++;
            if (p_ < end_ && (*p_ == '-' || *p_ == '+')) p_++;
            const char *exponent = p_;
            p_ = digits_end(p_, end_);
            if (p_ == exponent) return JsonKind::unknown;
        }
        out.text = {start, static_cast<size_t>(p_ - start)};
        return parse::floating(out.text, false, false, out.floating) ? JsonKind::floating : JsonKind::unknown;
    }
    out.text = {start, static_cast<size_t>(p_ - start)};
    if (digits < 19) {
        out.integer = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
        return JsonKind::integer;
    }
    switch (parse::number(out.text, true, false, out.integer, out.floating, out.big)) {
    case parse::Kind::integer: return JsonKind::integer;
    case parse::Kind::big: return JsonKind::big;
    default: return JsonKind::unknown;
    }
}

JsonKind JsonScanner::value(JsonValue &out) {
    if (at_end()) return JsonKind::unknown;
    switch (*p_) {
    case '"': return text(out.text) ? JsonKind::text : JsonKind::unknown;
    case 'n': return word("null") ? JsonKind::null : JsonKind::unknown;
    case 't':
        out.truth = true;
        return word("true") ? JsonKind::boolean : JsonKind::unknown;
    case 'f':
        out.truth = false;
        return word("false") ? JsonKind::boolean : JsonKind::unknown;
    case 'N':
        out.floating = std::numeric_limits<double>::quiet_NaN();
        return word("NaN") ? JsonKind::floating : JsonKind::unknown;
    case '[':
    case '{': {
        normal_.clear();
        const JsonKind kind = append_normal(normal_);
        out.text = normal_;
        return kind;
    }
    default: return number(out);
    }
}

// ---- the same as text ----

void JsonScanner::append_number(JsonKind kind, const JsonValue &value, std::string &out) {
    if (kind == JsonKind::big) {
        out += value.text;
    } else if (kind == JsonKind::integer) {
        char text[24];
        out.append(text, std::to_chars(text, text + sizeof text, value.integer).ptr);
    } else if (value.floating != value.floating) {
        out += "NaN";
    } else if (std::isinf(value.floating)) {
        out += value.floating < 0 ? "-Infinity" : "Infinity";
    } else {
        Cell cell;
        cell.set_float(value.floating);
        digits_.clear();
        append_value_text(Type::Float64, cell, digits_);
        out.append(digits_.as<char>(), digits_.size());
    }
}

bool JsonScanner::append_string(std::string &out) {
    std::string_view characters;
    if (!text(characters)) return false;
    out += '"';
    if (characters.data() == unescaped_.data()) append_json_characters(characters, out);
    else out += characters;
    out += '"';
    return true;
}

bool JsonScanner::append_list(std::string &out, int depth) {
    out += '[';
    for (bool first = true;; first = false) {
        skip_space();
        if (first && !at_end() && *p_ == ']') break;
        if (!first) out += ',';
        if (append_normal(out, depth) == JsonKind::unknown) return false;
        skip_space();
        if (at_end()) return false;
        if (*p_ == ']') break;
        if (!take(',')) return false;
    }
    p_++;
    out += ']';
    return true;
}

// Whether one of the keys of the innermost object, from keys_[first] on, is there twice.
bool JsonScanner::key_twice(const std::string &out, size_t first) {
    const auto key = [&](const std::pair<size_t, size_t> &place) {
        return std::string_view(out).substr(place.first, place.second);
    };
    const auto same = [&](const auto &a, const auto &b) { return key(a) == key(b); };
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
    if (keys_.size() - first <= kFewKeys) {
        for (auto one = begin; one != keys_.end(); ++one) {
            if (std::any_of(begin, one, [&](const auto &other) { return same(*one, other); })) return true;
        }
        return false;
    }
    std::sort(begin, keys_.end(), [&](const auto &a, const auto &b) { return key(a) < key(b); });
    return std::adjacent_find(begin, keys_.end(), same) != keys_.end();
}

bool JsonScanner::append_object(std::string &out, int depth) {
    const size_t keys = keys_.size();
    out += '{';
    for (bool first = true;; first = false) {
        skip_space();
        if (first && !at_end() && *p_ == '}') break;
        if (!first) out += ',';
        const size_t start = out.size();
        if (!append_string(out)) return false;
        keys_.emplace_back(start, out.size() - start);
        if (!take(':')) return false;
        out += ':';
        skip_space();
        if (append_normal(out, depth) == JsonKind::unknown) return false;
        skip_space();
        if (at_end()) return false;
        if (*p_ == '}') break;
        if (!take(',')) return false;
    }
    p_++;
    out += '}';
    if (key_twice(out, keys)) return false;
    keys_.resize(keys);
    return true;
}

JsonKind JsonScanner::append_normal(std::string &out, int depth) {
    if (!depth) keys_.clear();  // what was left to Python may have left some
    if (at_end() || depth > kDepth) return JsonKind::unknown;
    switch (*p_) {
    case '"': return append_string(out) ? JsonKind::text : JsonKind::unknown;
    case '[': {
        p_++;
        return append_list(out, depth + 1) ? JsonKind::list : JsonKind::unknown;
    }
    case '{': {
        p_++;
        return append_object(out, depth + 1) ? JsonKind::object : JsonKind::unknown;
    }
    default:
        const JsonKind kind = value(number_);
        if (kind == JsonKind::null) out += "null";
        else if (kind == JsonKind::boolean) out += number_.truth ? "true" : "false";
        else if (kind != JsonKind::unknown) append_number(kind, number_, out);
        return kind;
    }
}

bool append_normal_json(std::string_view text, std::string &out) {
    const size_t start = out.size();
    JsonScanner scanner;
    scanner.set(text);
    scanner.skip_space();
    bool good = scanner.append_normal(out) != JsonKind::unknown;
    scanner.skip_space();
    good = good && scanner.at_end();
    if (!good) out.resize(start);
    return good;
}

}  // namespace kernel
