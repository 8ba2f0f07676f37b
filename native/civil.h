// Days since 1970-01-01 <-> year, month, day (proleptic Gregorian), for years 1 to 9999.
#pragma once

#include <cstdint>

namespace kernel {

constexpr int64_t kMinDays = -719162;  // 0001-01-01
constexpr int64_t kMaxDays = 2932896;  // 9999-12-31
constexpr int64_t kDayMicroseconds = 86'400'000'000;
constexpr int64_t kMinMicroseconds = kMinDays * kDayMicroseconds;
constexpr int64_t kMaxMicroseconds = (kMaxDays + 1) * kDayMicroseconds - 1;

struct Civil {
    int32_t year;
    uint32_t month, day;
};

// Years are counted from 1 March, so that the leap day is the last of its year.
inline int32_t days_from_civil(int32_t year, uint32_t month, uint32_t day) {
    const uint32_t y = static_cast<uint32_t>(year) - (month <= 2);
    const uint32_t century = y / 100;
    const uint32_t m = month + (month <= 2 ? 9 : -3);
    const uint32_t in_year = (153 * m + 2) / 5 + day - 1;
    return static_cast<int32_t>(365 * y + y / 4 - century + century / 4 + in_year) - 719468;
}

// The divisions by 1461/4 and 153/5 as multiplications: C. Neri and L. Schneider, "Euclidean affine functions and
// their application to calendar algorithms" (2022), figure 12.
inline Civil civil_from_days(int64_t days) {
    const uint32_t n = static_cast<uint32_t>(days + 719468);
    const uint32_t n1 = 4 * n + 3;
    const uint32_t century = n1 / 146097;
    const uint32_t n2 = (n1 % 146097) | 3;
    const uint64_t p2 = uint64_t{2939745} * n2;
    const uint32_t in_century = static_cast<uint32_t>(p2 >> 32);
    const uint32_t in_year = static_cast<uint32_t>(p2) / 2939745 / 4;
    const uint32_t n3 = 2141 * in_year + 197913;
    const bool next = in_year >= 306;
    return {static_cast<int32_t>(100 * century + in_century + next), (n3 >> 16) - (next ? 12 : 0),
            (n3 & 0xffff) / 2141 + 1};
}

inline int64_t floor_days(int64_t microseconds) {
    const int64_t q = microseconds / kDayMicroseconds;
    return q - (microseconds % kDayMicroseconds < 0);
}

// Since the start of that day. No product of the days: that overflows for moments beyond any year.
inline int64_t microseconds_of_day(int64_t microseconds) {
    const int64_t r = microseconds % kDayMicroseconds;
    return r + (r < 0 ? kDayMicroseconds : 0);
}

}  // namespace kernel
