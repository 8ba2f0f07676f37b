#include "recycle.h"

#include "civil.h"

#include <datetime.h>

#include <algorithm>
#include <cstring>

namespace kernel {

namespace {

constexpr uint64_t kDigit = (uint64_t{1} << 30) - 1;

void set_int(PyObject *object, uint64_t magnitude, bool negative, int64_t digits, int64_t room) {
    auto *number = reinterpret_cast<PyLongObject *>(object);
#if PY_VERSION_HEX >= 0x030C0000
    number->long_value.lv_tag = static_cast<uintptr_t>(digits) << 3 | (negative ? 2 : 0);
    digit *to = number->long_value.ob_digit;
#else
    Py_SET_SIZE(number, negative ? -digits : digits);
    digit *to = number->ob_digit;
#endif
    to[0] = static_cast<digit>(magnitude & kDigit);
    if (room > 1) to[1] = static_cast<digit>(magnitude >> 30 & kDigit);
    if (room > 2) to[2] = static_cast<digit>(magnitude >> 60);
}

void set_clock(unsigned char *to, uint64_t microseconds) {
    const auto seconds = static_cast<uint32_t>(microseconds / 1'000'000);
    const auto rest = static_cast<uint32_t>(microseconds % 1'000'000);
    to[0] = static_cast<unsigned char>(seconds / 3600);
    to[1] = static_cast<unsigned char>(seconds / 60 % 60);
    to[2] = static_cast<unsigned char>(seconds % 60);
    to[3] = static_cast<unsigned char>(rest >> 16);
    to[4] = static_cast<unsigned char>(rest >> 8);
    to[5] = static_cast<unsigned char>(rest);
}

void set_day(unsigned char *to, int64_t days) {
    const Civil c = civil_from_days(days);
    const unsigned char day[] = {static_cast<unsigned char>(c.year >> 8), static_cast<unsigned char>(c.year),
                                 static_cast<unsigned char>(c.month), static_cast<unsigned char>(c.day)};
    std::memcpy(to, day, sizeof day);
}

// Bytes remember their hash; the field is marked as deprecated to keep others away from it.
void forget_hash(PyBytesObject *bytes) {
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
    bytes->ob_shash = -1;
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
}

// What is rare has functions of its own: calls in the usual path would make it save registers.
[[gnu::noinline]] PyObject *fresh_int(int64_t value, Kept &kept, int64_t digits) {
    return kept.keep(PyLong_FromLongLong(value), digits);
}

// Bytes that are long, or for which there is no room yet.
[[gnu::noinline]] PyObject *other_bytes(const char *p, int64_t n, Kept &kept) {
    if (!kept.is_free()) return kept.keep(PyBytes_FromStringAndSize(p, n), n);
    if (kept.room < n || kept.room < kBlock) {
        PyObject *roomy = PyBytes_FromStringAndSize(nullptr, std::max(n, kRoomy));
        if (!roomy) return nullptr;
        kept.hold(roomy, std::max(n, kRoomy));
    }
    auto *made = reinterpret_cast<PyBytesObject *>(kept.object.get());
    Py_SET_SIZE(made, n);
    forget_hash(made);
    std::memcpy(made->ob_sval, p, static_cast<size_t>(n));
    made->ob_sval[n] = 0;
    return kept.hand_out();
}

[[gnu::noinline]] PyObject *fresh_float(double value, Kept &kept) { return kept.keep(PyFloat_FromDouble(value), 0); }

}  // namespace

PyObject *recycled_int(int64_t value, Recycled &recycled) {
    if (value >= -5 && value <= 256) return PyLong_FromLongLong(value);  // shared by the interpreter
    const uint64_t magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    const int64_t digits = 1 + (magnitude > kDigit) + (magnitude >> 60 != 0);
    Kept &kept = recycled.numbers.older();
    if (!kept.is_free(digits)) [[unlikely]] return fresh_int(value, kept, digits);
    set_int(kept.object.get(), magnitude, value < 0, digits, kept.room);
    return kept.hand_out();
}

PyObject *recycled_float(double value, Recycled &recycled) {
    if (value != value) [[unlikely]] return Py_NewRef(shared_nan());
    Kept &kept = recycled.floats.older();
    if (!kept.is_free(0)) [[unlikely]] return fresh_float(value, kept);
    reinterpret_cast<PyFloatObject *>(kept.object.get())->ob_fval = value;
    return kept.hand_out();
}

PyObject *recycled_complex(double real, double imaginary, Recycled &recycled) {
    Kept &kept = recycled.numbers.older();
    if (!kept.is_free(0)) return kept.keep(PyComplex_FromDoubles(real, imaginary), 0);
    reinterpret_cast<PyComplexObject *>(kept.object.get())->cval = {real, imaginary};
    return kept.hand_out();
}

PyObject *recycled_datetime(int64_t microseconds, Recycled &recycled) {
    Kept &kept = recycled.moments.older();
    if (!kept.is_free(0) || microseconds < kMinMicroseconds || microseconds > kMaxMicroseconds) {
        return kept.keep(make_datetime(microseconds, 0), 0);
    }
    auto *made = reinterpret_cast<PyDateTime_DateTime *>(kept.object.get());
    set_day(made->data, floor_days(microseconds));
    set_clock(made->data + 4, static_cast<uint64_t>(microseconds_of_day(microseconds)));
    made->hashcode = -1;
    return kept.hand_out();
}

PyObject *recycled_time(int64_t microseconds, Recycled &recycled) {
    Kept &kept = recycled.moments.older();
    if (!kept.is_free(0) || microseconds < 0 || microseconds >= kDayMicroseconds) {
        return kept.keep(make_time(microseconds, 0), 0);
    }
    auto *made = reinterpret_cast<PyDateTime_Time *>(kept.object.get());
    set_clock(made->data, static_cast<uint64_t>(microseconds));
    made->hashcode = -1;
    return kept.hand_out();
}

PyObject *recycled_bytes(const char *p, int64_t n, int64_t readable, Recycled &recycled) {
    if (n < 2 || n > kLongestKept) return PyBytes_FromStringAndSize(p, n);  // the shortest are the interpreter's
    Kept &kept = recycled.bytes.older();
    if (n > kBlock || readable < kBlock || !kept.is_free(kBlock)) [[unlikely]] return other_bytes(p, n, kept);
    auto *made = reinterpret_cast<PyBytesObject *>(kept.object.get());
    Py_SET_SIZE(made, n);
    forget_hash(made);
    std::memcpy(made->ob_sval, p, kBlock);
    made->ob_sval[n] = 0;
    return kept.hand_out();
}

bool change_date(PyObject *date, int64_t days) {
    static_cast<void>(PyDateTimeAPI);  // which datetime.h defines for all; only the layouts are needed here
    if (!kRecycle || Py_REFCNT(date) != 1 || days < kMinDays || days > kMaxDays) return false;
    auto *made = reinterpret_cast<PyDateTime_Date *>(date);
    set_day(made->data, days);
    made->hashcode = -1;
    return true;
}

}  // namespace kernel
