#include "strptime.h"

#include "civil.h"

#include <algorithm>
#include <cstring>

namespace moment __attribute__((visibility("hidden"))) {

namespace {

inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr int64_t MAX_COUNT = 1'000'000'000;

const char *const MONTHS[] = {"january", "february", "march",     "april",   "may",      "june",
                              "july",    "august",   "september", "october", "november", "december"};

inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Format text -> items. Groups take the items they govern with them, so a group is one item of the group around it.
class Compiler {
public:
    explicit Compiler(std::string_view text) : p_(text.data()), end_(text.data() + text.size()) {}

    bool at_end() const { return p_ == end_; }

    bool item(Item &out) {
        if (p_ == end_) return false;
        const char c = *p_++;
        if (c != '%') {
            out.code = is_space(c) ? ' ' : 'L';
            out.literal = c;
            return true;
        }
        return directive(out);
    }

private:
    bool number(int64_t &out, int *width = nullptr) {
        const char *start = p_;
        out = 0;
        while (p_ < end_ && is_digit(*p_)) {
            out = out * 10 + (*p_++ - '0');
            if (out > MAX_COUNT) return false;
        }
        if (width) *width = static_cast<int>(p_ - start);
        return p_ > start;
    }

    bool directive(Item &out) {
        if (p_ < end_ && is_digit(*p_)) {
            if (!number(out.low, &out.width)) return false;
            out.high = out.low;
            if (p_ < end_ && *p_ == ',') {
                p_++;
                out.ranged = true;
                if (!number(out.high, &out.width)) return false;
                if (out.high < out.low) return false;
            }
        }
        if (p_ == end_) return false;
        const char c = *p_++;
        switch (c) {
        case 'Y': case 'C': case 'y': case 'm': case 'd': case 'b': case 'H': case 'I': case 'p':
        case 'M': case 'S': case 's': case 'J': case '/':
            out.code = c;
            return true;
        case 'f':
            out.code = c;
            if (out.low < 0) out.low = 6;
            return out.low > 0;
        case 'e':
            out.code = c;
            if (out.low < 0) out.low = 1;
            return true;
        case '%': case '.': case '*': case '^': case '@':
            out.code = c;
            if (out.low < 0) out.low = out.high = 1;
            return true;
        case ' ':
            out.code = '_';  // ' ' is white space in the format itself
            if (out.low < 0) out.low = out.high = 1;
            return true;
        case '#':
            out.code = c;
            if (!out.ranged) {
                out.width = out.low < 0 ? 1 : static_cast<int>(out.low);
                out.high = MAX_COUNT;
                if (out.low > 9 || out.low == 0) return false;
                out.low = 0;
            }
            return true;
        case '?': case ':': case '-':
            out.code = c;
            if (c == ':' && out.ranged) return false;
            if (out.low < 0) out.low = out.high = 1;
            if (c == '-') out.high = out.low;
            if (c != ':' && out.low == 0) return false;
            for (int64_t i = 0; i < out.high; i++) {
                if (!item(out.inner.emplace_back())) return false;
            }
            return true;
        default:
            return false;
        }
    }

    const char *p_, *end_;
};

}  // namespace

bool Moment::valid_date() const {
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
    static const uint32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && leap);
}

int64_t Moment::days() const { return kernel::days_from_civil(static_cast<int32_t>(year), month, day); }

int64_t Moment::micros_of_day() const {
    return (int64_t(hour) * 3600 + minute * 60 + second) * 1'000'000 + micro;
}

int64_t Moment::micros() const { return days() * kernel::kDayMicroseconds + micros_of_day(); }

Format::Format(std::string_view format, bool comma) : comma_(comma) {
    Compiler compiler(format);
    while (!compiler.at_end()) {
        Item item;
        if (!compiler.item(item)) {
            malformed_ = true;
            break;
        }
        items_.push_back(std::move(item));
    }
}

// One value's way through the items.
struct Format::Run {
    const char *end;
    bool comma;
    bool matched = false;           // whether the most recent %? did
    const char *reached = nullptr;  // how far an item came that failed, if it is known to have come further

    bool list(const std::vector<Item> &items, State &s) {
        for (const Item &item : items)
            if (!one(item, s)) return false;
        return true;
    }

    // Takes one item. If it fails the state is as before, but for the items of %: that did match.
    bool one(const Item &item, State &s) {
        const char *p = s.pos;
        uint32_t n;
        reached = nullptr;
        switch (item.code) {
        case 'L':
            if (p == end || *p != item.literal) return false;
            s.pos++;
            return true;
        case ' ':
            while (s.pos < end && is_space(*s.pos)) s.pos++;
            return true;
        case 'Y':
            if (!digits(s, 4, 1, 9999, n)) return false;
            s.century = n / 100;
            s.century_set = true;
            s.year = static_cast<int32_t>(n % 100);
            return true;
        case 'C':
            if (!digits(s, 2, 0, 99, n)) return false;
            s.century = n;
            s.century_set = true;
            return true;
        case 'y':
            if (!digits(s, 2, 0, 99, n)) return false;
            s.year = static_cast<int32_t>(n);
            return true;
        case 'm': return digits(s, 2, 1, 12, s.month);
        case 'd': return digits(s, 2, 1, 31, s.day);
        case 'b': return month_name(s);
        case 'H':
            if (!digits(s, 2, 0, 23, s.hour)) return false;
            s.ampm = AmPm::none;
            return true;
        case 'I': return digits(s, 2, 1, 12, s.hour);
        case 'p': return am_pm(s);
        case 'M': return digits(s, 2, 0, 59, s.minute);
        case 'S': return digits(s, 2, 0, 59, s.second);
        case 'f': return fraction(item, s);
        case 's': return unix_time(s, false);
        case 'J': return unix_time(s, true);
        case 'e': return excel(item, s);
        case '#': return digits(s, item.width, static_cast<uint64_t>(item.low), static_cast<uint64_t>(item.high), n);
        case '%': return count(item, s, [](char c) { return c == '%'; });
        case '_': return count(item, s, is_space);
        case '.': return count(item, s, [](char c) { return !is_space(c); });
        case '*': return count(item, s, [](char) { return true; });
        case '^': return count(item, s, [](char c) { return !is_digit(c); });
        case '@': return count(item, s, [](char c) { return !is_digit(c) && !is_space(c); });
        case '/':
            s.optional = true;
            return true;
        case '-': {
            State copy = s;
            if (!list(item.inner, copy)) {
                if (!reached) reached = copy.pos;
                return false;
            }
            s.pos = copy.pos;
            return true;
        }
        case '?': {
            State copy = s;
            int64_t taken = 0;
            for (const Item &inner : item.inner) {
                State before = copy;
                if (!one(inner, copy)) {
                    copy = before;
                    break;
                }
                taken++;
            }
            matched = taken >= item.low;
            if (matched) s = copy;
            return true;
        }
        case ':': return matched || list(item.inner, s);
        default: return false;
        }
    }

    // Up to `width` digits, leading spaces among them.
    bool digits(State &s, int width, uint64_t low, uint64_t high, uint32_t &out) {
        const char *p = s.pos, *const stop = end - p > width ? p + width : end;
        for (int left = width - 1; left > 0 && p < end && is_space(*p); left--) p++;
        reached = p;
        if (p == end || !is_digit(*p)) return false;
        uint64_t value = 0;
        while (p < stop && is_digit(*p)) {
            value = value * 10 + static_cast<uint64_t>(*p++ - '0');
            if (value > high) return false;
        }
        if (value < low) return false;
        out = static_cast<uint32_t>(value);
        s.pos = p;
        return true;
    }

    template <class F> bool count(const Item &item, State &s, F &&wanted) {
        const char *p = s.pos;
        int64_t n = 0;
        while (n < item.high && p < end && wanted(*p)) {
            p++;
            n++;
        }
        if (n < item.low) return false;
        s.pos = p;
        return true;
    }

    bool month_name(State &s) {
        for (uint32_t month = 0; month < 12; month++) {
            const char *name = MONTHS[month];
            const size_t length = std::strlen(name);
            size_t same = 0;
            while (same < length && s.pos + same < end && lower(s.pos[same]) == name[same]) same++;
            if (same < 3) continue;
            s.pos += same == length ? length : 3;
            s.month = month + 1;
            return true;
        }
        return false;
    }

    bool am_pm(State &s) {
        if (end - s.pos < 2 || lower(s.pos[1]) != 'm') return false;
        const char c = lower(s.pos[0]);
        if (c != 'a' && c != 'p') return false;
        s.ampm = c == 'a' ? AmPm::am : AmPm::pm;
        if (s.hour > 12) s.hour -= 12;
        s.pos += 2;
        return true;
    }

    bool fraction(const Item &item, State &s) {
        const char *p = s.pos, *const stop = end - p > item.low ? p + item.low : end;
        if (p == stop || !is_digit(*p)) return false;
        uint32_t value = 0, unit = 100'000;
        while (p < stop && is_digit(*p)) {
            value += static_cast<uint32_t>(*p++ - '0') * unit;
            unit /= 10;
        }
        while (p < stop && is_space(*p)) p++;
        s.micro = value;
        s.pos = p;
        return true;
    }

    bool signed_number(const char *&p, bool &negative, uint64_t &magnitude) {
        negative = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) p++;
        if (p == end || !is_digit(*p)) return false;
        magnitude = 0;
        while (p < end && is_digit(*p)) {
            if (__builtin_mul_overflow(magnitude, uint64_t(10), &magnitude) ||
                __builtin_add_overflow(magnitude, static_cast<uint64_t>(*p - '0'), &magnitude))
                return false;
            p++;
        }
        return true;
    }

    bool unix_time(State &s, bool milliseconds) {
        const char *p = s.pos;
        bool negative;
        uint64_t magnitude;
        if (!signed_number(p, negative, magnitude)) return false;
        if (magnitude > uint64_t(INT64_MAX) + negative) return false;
        int64_t value = negative ? static_cast<int64_t>(0 - magnitude) : static_cast<int64_t>(magnitude);
        if (milliseconds) {
            const int64_t seconds = floor_div(value, 1000);
            set_seconds(s, seconds);
            s.micro = static_cast<uint32_t>(value - seconds * 1000) * 1000;
        } else {
            set_seconds(s, value);
        }
        s.pos = p;
        return true;
    }

    // Any second is fine here, a later item may mend the year; whether the date exists is asked at the end.
    void set_seconds(State &s, int64_t seconds) {
        constexpr int64_t era = 146097;  // days in 400 years, after which the calendar repeats
        const int64_t days = floor_div(seconds, 86400);
        const int64_t eras = floor_div(days, era);
        const kernel::Civil civil = kernel::civil_from_days(days - eras * era);
        const int64_t year = civil.year + eras * 400;
        const uint32_t rest = static_cast<uint32_t>(seconds - days * 86400);
        s.century = floor_div(year, 100);
        s.century_set = true;
        s.year = static_cast<int32_t>(year - s.century * 100);
        s.month = civil.month;
        s.day = civil.day;
        s.hour = rest / 3600;
        s.minute = rest / 60 % 60;
        s.second = rest % 60;
        s.ampm = AmPm::none;
    }

    bool excel(const Item &item, State &s) {
        const char *p = s.pos;
        bool negative;
        uint64_t magnitude;
        if (!signed_number(p, negative, magnitude)) return false;
        if (magnitude > 0xffffffffu) return false;
        int64_t days = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
        if (days > 0xf0000000LL) days -= 1LL << 32;  // a negative number that went through 32 unsigned bits
        // Sixteen digits are enough for the nearest second.
        uint64_t part = 0, unit = 1;
        if (end - p > 1 && *p == (comma ? ',' : '.') && is_digit(p[1])) {
            p++;
            while (p < end && is_digit(*p)) {
                if (unit < 1'000'000'000'000'000) {
                    part = part * 10 + static_cast<uint64_t>(*p - '0');
                    unit *= 10;
                }
                p++;
            }
        }
        const double exact = static_cast<double>(part) / static_cast<double>(unit) * 86400.0;
        int64_t seconds = std::min<int64_t>(static_cast<int64_t>(exact + 0.5), 86399);
        if (negative) seconds = -seconds;
        if (item.low & 2) days += 1462;
        if ((item.low & 1) && days < 61) days++;
        constexpr int64_t epoch = -25569;  // 1899-12-30
        const int64_t second = (days + epoch) * 86400 + seconds;
        if (second < kernel::kMinDays * 86400 || second >= (kernel::kMaxDays + 1) * 86400) return false;
        set_seconds(s, second);
        s.pos = p;
        return true;
    }
};

bool Format::parse(const char *begin, const char *end, Moment &out, const char **stop) const {
    State s;
    s.pos = begin;
    Run run{end, comma_};
    const bool all = run.list(items_, s);
    *stop = all || !run.reached ? s.pos : run.reached;
    if (malformed_ || (!all && !s.optional)) return false;
    if (s.ampm != AmPm::none) {
        if (s.hour == 12) s.hour = 0;
        if (s.ampm == AmPm::pm) s.hour += 12;
    }
    const int64_t century = s.century_set ? s.century : (s.year >= 69 ? 19 : 20);
    out.year = century * 100 + s.year;
    out.month = s.month;
    out.day = s.day;
    out.hour = s.hour;
    out.minute = s.minute;
    out.second = s.second;
    out.micro = s.micro;
    return true;
}

}  // namespace moment
