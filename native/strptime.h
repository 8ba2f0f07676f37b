// The strptime dialect of dataset_type: a format is compiled once to a tree of items and then run over many values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moment __attribute__((visibility("hidden"))) {

enum class AmPm : uint8_t { none, am, pm };

// What the items have set so far. Small, so that a group that fails is undone by copying it back.
struct State {
    const char *pos;
    int64_t century = 0;
    bool century_set = false;
    int32_t year = 70;     // in the century
    uint32_t month = 1, day = 1, hour = 0, minute = 0, second = 0, micro = 0;
    AmPm ampm = AmPm::none;
    bool optional = false;  // %/ has been passed
};

// A parsed value. The date part may be one that does not exist (30 February, year 0).
struct Moment {
    int64_t year;
    uint32_t month, day, hour, minute, second, micro;
    bool valid_date() const;
    int64_t days() const;    // since 1970-01-01
    int64_t micros() const;  // since 1970-01-01 00:00, date included
    int64_t micros_of_day() const;
};

struct Item {
    char code;            // the directive; 'L' literal byte, ' ' white space in the format
    char literal = 0;
    int64_t low = -1, high = -1;  // count or range; -1: not given
    bool ranged = false;
    int width = 0;        // of %#: digits at most
    std::vector<Item> inner;  // the items that %- %? %: govern
};

class Format {
public:
    // `comma`: the decimal point of %e is a comma.
    explicit Format(std::string_view format, bool comma = false);

    // Parses a prefix of [begin, end). `stop` becomes where parsing ended, also if it failed.
    bool parse(const char *begin, const char *end, Moment &out, const char **stop) const;

private:
    struct Run;
    std::vector<Item> items_;
    bool comma_;
    bool malformed_ = false;  // then items_ are those before the malformed one, and nothing ever matches
};

}  // namespace moment
