// What texts are: their encoding, and what sorts of values, so that a type for all of them can be chosen
// (column/infer.py chooses). Strict on purpose: a text is a number, date or time only if it can be written back from
// the value.
#include "parse.h"

#include "civil.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cmath>

namespace nb = nanobind;

namespace parse __attribute__((visibility("hidden"))) {

namespace {

enum Sort : int {
    EMPTY, BINARY, TEXT, BOOL_LOWER, BOOL_TITLE, BOOL_UPPER, INTEGER, BIG_INTEGER, LONG_INTEGER, FLOAT, SPECIAL,
    PADDED, WHOLE, BARE_POINT, ZERO_POINT, NEGATIVE_ZERO, DATE, TIME, DATETIME = TIME + 3, SORTS = DATETIME + 12
};

const char *const NAMES[SORTS] = {
    "empty", "bytes", "text", "bool", "Bool", "BOOL",
    "integer",       // that fits in 64 bits
    "big integer",   // that does not
    "long integer",  // either, and a double has not all of its digits
    "float",         // with decimal point or exponent, and a double has all of its digits
    "special",       // infinite or not a number
    "padded",        // floats that end in a zero that need not be there, but for ".0"
    "whole",         // floats with only zeros behind the point
    "bare point",    // floats such as .5
    "zero point",    // floats such as 0.5
    "negative zero", // -0, which is a float
    "date:%Y-%m-%d",
    "time:%H:%M", "time:%H:%M:%S", "time:%H:%M:%S.%f",
    "datetime:%Y-%m-%d %H:%M", "datetime:%Y-%m-%d %H:%M:%S", "datetime:%Y-%m-%d %H:%M:%S.%f",
    "datetime:%Y-%m-%d %H:%MZ", "datetime:%Y-%m-%d %H:%M:%SZ", "datetime:%Y-%m-%d %H:%M:%S.%fZ",
    "datetime:%Y-%m-%dT%H:%M", "datetime:%Y-%m-%dT%H:%M:%S", "datetime:%Y-%m-%dT%H:%M:%S.%f",
    "datetime:%Y-%m-%dT%H:%MZ", "datetime:%Y-%m-%dT%H:%M:%SZ", "datetime:%Y-%m-%dT%H:%M:%S.%fZ",
};

constexpr size_t LONGEST = 400;        // no number or date is longer
constexpr size_t BIG_DIGITS = 303;     // below 2^1007, the largest that a number column takes
constexpr size_t DOUBLE_DIGITS = 15;   // so many always come back from a double
constexpr size_t MOST_DOUBLE_DIGITS = 17;  // and no two doubles have the same of these

struct Evidence {
    explicit Evidence(bool comma) : point(comma ? ',' : '.') {}
    void saw(int sort) { seen |= uint32_t(1) << sort; }
    bool has(int sort) const { return seen >> sort & 1; }

    char point;
    uint32_t seen = 0;
    int least_decimals = INT_MAX, most_decimals = -1;
};

const char *digits_end(const char *p, const char *end) {
    while (p < end && is_digit(*p)) p++;
    return p;
}

// Whether the nearest double, written with as many digits, has the same ones. `digits` has all those of the mantissa,
// and `exponent` is that of the first of them.
bool double_has(const std::string &plain, std::string digits, int64_t exponent) {
    double value;
    const auto [stop, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (error != std::errc() || stop != plain.data() + plain.size()) return false;
    const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, zeros);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.empty()) return true;
    if (digits.size() > MOST_DOUBLE_DIGITS) return false;
    exponent -= static_cast<int64_t>(zeros);
    char written[40];
    const auto end = std::to_chars(written, written + sizeof written, std::fabs(value), std::chars_format::scientific,
                                   static_cast<int>(digits.size()) - 1);
    std::string same(digits, 0, 1);
    if (digits.size() > 1) same.append(".").append(digits, 1);
    const std::string power = std::to_string(std::abs(exponent));
    same.append(exponent < 0 ? "e-" : "e+").append(power.size() < 2 ? "0" : "").append(power);
    return same == std::string_view(written, static_cast<size_t>(end.ptr - written));
}

bool special(std::string_view text) {
    if (!text.empty() && text.front() == '-') text.remove_prefix(1);
    for (const char *word : {"inf", "Inf", "Infinity"})
        if (text == word) return true;
    return text == "nan" || text == "NaN";
}

bool integer_text(std::string_view text, const char *first, Evidence &out) {
    const char *end = text.data() + text.size();
    const size_t digits = static_cast<size_t>(end - first);
    if (*first == '0' && digits > 1) return false;
    if (*first == '0' && first != text.data()) {
        out.saw(FLOAT);  // -0 is no integer
        out.saw(NEGATIVE_ZERO);
        return true;
    }
    if (digits > BIG_DIGITS) return false;
    int64_t value;
    out.saw(digits < 19 || integer(text, 10, false, INT64_MIN, INT64_MAX, value) ? INTEGER : BIG_INTEGER);
    if (digits > DOUBLE_DIGITS && !double_has(std::string(text), std::string(first, digits), int64_t(digits) - 1))
        out.saw(LONG_INTEGER);
    return true;
}

// Numbers: no leading zeros, no +, no spaces; an exponent must have a sign or a point before it, because 12e3 may
// well be a name.
bool number_text(std::string_view text, Evidence &out) {
    const char *p = text.data(), *const end = p + text.size();
    if (*p == '-') p++;
    const char *const whole = p;
    p = digits_end(p, end);
    const size_t whole_digits = static_cast<size_t>(p - whole);
    if (p == end) return whole_digits && integer_text(text, whole, out);
    if (whole_digits > 1 && *whole == '0') return false;
    std::string digits(whole, whole_digits);
    int decimals = -1;
    if (*p == out.point) {
        const char *const fraction = ++p;
        p = digits_end(p, end);
        if (p == fraction) return false;
        decimals = static_cast<int>(p - fraction);
        digits.append(fraction, static_cast<size_t>(decimals));
    }
    if (digits.empty()) return false;
    int64_t exponent = static_cast<int64_t>(whole_digits) - 1;
    const bool plain = p == end;
    if (!plain) {
        if ((*p != 'e' && *p != 'E') || !whole_digits) return false;
        p++;
        const bool sign = p < end && (*p == '-' || *p == '+');
        const bool negative = sign && *p == '-';
        if (sign) p++;
        int power = 0;
        if (digits_end(p, end) != end || std::from_chars(p, end, power).ec != std::errc()) return false;
        if (!sign && decimals < 0) return false;
        exponent += negative ? -power : power;
    }
    if (!plain || digits.size() > DOUBLE_DIGITS) {
        std::string with_point(text);
        if (out.point != '.') std::replace(with_point.begin(), with_point.end(), out.point, '.');
        if (!double_has(with_point, digits, exponent)) return false;
    }
    out.saw(FLOAT);
    if (!whole_digits) out.saw(BARE_POINT);
    if (whole_digits && *whole == '0') out.saw(ZERO_POINT);
    if (!plain) return true;
    out.least_decimals = std::min(out.least_decimals, decimals);
    out.most_decimals = std::max(out.most_decimals, decimals);
    const bool zeros = std::string_view(digits).find_first_not_of('0', whole_digits) == std::string_view::npos;
    if (zeros) out.saw(WHOLE);
    if (digits.back() == '0' && decimals > 1) out.saw(PADDED);
    return true;
}

// Exactly two digits, below a limit.
bool two(const char *p, uint32_t limit, uint32_t &out) {
    if (!is_digit(p[0]) || !is_digit(p[1])) return false;
    out = static_cast<uint32_t>(p[0] - '0') * 10 + static_cast<uint32_t>(p[1] - '0');
    return out < limit;
}

bool date_part(const char *p) {
    uint32_t century, year, month, day;
    if (!two(p, 100, century) || !two(p + 2, 100, year) || p[4] != '-' || !two(p + 5, 13, month) || p[7] != '-' ||
        !two(p + 8, 32, day))
        return false;
    if (!month || !day || !(century + year)) return false;
    const int64_t number = kernel::days_from_civil(static_cast<int32_t>(century * 100 + year), month, day);
    return kernel::civil_from_days(number).day == day;  // days that do not exist come back as others
}

// 0 to 2: minutes, seconds, fractions of up to six digits; -1: no time.
int time_part(std::string_view text) {
    uint32_t n;
    const char *p = text.data();
    if (text.size() < 5 || !two(p, 24, n) || p[2] != ':' || !two(p + 3, 60, n)) return -1;
    if (text.size() == 5) return 0;
    if (text.size() < 8 || p[5] != ':' || !two(p + 6, 60, n)) return -1;
    if (text.size() == 8) return 1;
    const bool fraction = text.size() > 9 && text.size() < 16 && p[8] == '.';
    return fraction && digits_end(p + 9, p + text.size()) == p + text.size() ? 2 : -1;
}

bool moment_text(std::string_view text, Evidence &out) {
    if (text.size() < 5 || text.size() > 27) return false;
    if (text[2] == ':') {
        const int precision = time_part(text);
        if (precision >= 0) out.saw(TIME + precision);
        return precision >= 0;
    }
    if (text.size() < 10 || !date_part(text.data())) return false;
    if (text.size() == 10) {
        out.saw(DATE);
        return true;
    }
    if (text[10] != ' ' && text[10] != 'T') return false;
    const int marked = text[10] == 'T' ? 6 : 0, zoned = text.back() == 'Z' ? 3 : 0;
    const int precision = time_part(text.substr(11, text.size() - 11 - (zoned ? 1 : 0)));
    if (precision >= 0) out.saw(DATETIME + marked + zoned + precision);
    return precision >= 0;
}

bool bool_text(std::string_view text, Evidence &out) {
    if (text == "true" || text == "false") out.saw(BOOL_LOWER);
    else if (text == "True" || text == "False") out.saw(BOOL_TITLE);
    else if (text == "TRUE" || text == "FALSE") out.saw(BOOL_UPPER);
    else return false;
    return true;
}

void look(std::string_view text, Evidence &out) {
    if (text.empty()) {
        out.saw(EMPTY);
        return;
    }
    if (!out.has(TEXT) && text.size() <= LONGEST) {
        const char c = text.front();
        if (is_digit(c) && (moment_text(text, out) || number_text(text, out))) return;
        if ((c == '-' || c == out.point) && number_text(text, out)) return;
        if (bool_text(text, out)) return;
        if (special(text)) {
            out.saw(SPECIAL);
            return;
        }
    }
    out.saw(TEXT);
    if (!valid_utf8(text)) out.saw(BINARY);
}

nb::tuple value_sorts(nb::handle array, const std::vector<nb::bytes> &none_values, bool comma, bool only_text) {
    const TextArray in(array);
    std::vector<std::string> nones;
    for (const nb::bytes &text : none_values) nones.emplace_back(text.c_str(), text.size());
    Evidence evidence(comma);
    if (only_text) evidence.saw(TEXT);
    {
        nb::gil_scoped_release release;
        for (int64_t i = 0; i < in.size() && !evidence.has(BINARY); i++) {
            if (in.null(i)) continue;
            const std::string_view text = in[i];
            if (std::find(nones.begin(), nones.end(), text) == nones.end()) look(text, evidence);
        }
    }
    nb::list sorts;
    for (int sort = 0; sort < SORTS; sort++)
        if (evidence.has(sort)) sorts.append(nb::str(NAMES[sort]));
    return nb::make_tuple(sorts, evidence.least_decimals, evidence.most_decimals);
}

// Whether nothing is beyond ASCII, 8 bytes at a time.
bool all_ascii(const char *p, const char *end) {
    constexpr int kWords = 32;  // looked at together: what is not ASCII mostly shows soon
    uint64_t any = 0;
    for (; end - p >= 8 * kWords && !(any & 0x8080808080808080u); p += 8 * kWords) {
        for (int k = 0; k < kWords; k++) {
            uint64_t word;
            std::memcpy(&word, p + 8 * k, 8);
            any |= word;
        }
    }
    if (any & 0x8080808080808080u) return false;
    for (; p < end; p++) any |= static_cast<uint8_t>(*p);
    return !(any & 0x80);
}

// In what the texts of a whole array are encoded, looked at as one text; texts must not begin within a character.
// What stands behind nulls counts too, so "other" is not certain.
const char *encoding_of(const TextArray &in) {
    const int64_t n = in.size();
    if (!n) return "ascii";
    const char *const begin = in[0].data(), *const end = in[n - 1].data() + in[n - 1].size();
    if (all_ascii(begin, end)) return "ascii";
    if (!valid_utf8({begin, static_cast<size_t>(end - begin)})) return "other";
    for (int64_t i = 0; i < n; i++)
        if (const std::string_view text = in[i]; !text.empty() && (text.front() & 0xc0) == 0x80) return "other";
    return "utf-8";
}

const char *text_encoding(nb::handle array) {
    const TextArray in(array);
    nb::gil_scoped_release release;
    return encoding_of(in);
}

}  // namespace

}  // namespace parse

void bind_infer(nb::module_ &m) {
    m.def("text_encoding", &parse::text_encoding, nb::arg("array"));
    m.def("value_sorts", &parse::value_sorts, nb::arg("array"), nb::arg("none_values"), nb::arg("comma"),
          nb::arg("only_text"));
}
