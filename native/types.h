// The 16 column types, and one value of any of them in C form.
#pragma once

#include "python.h"

#include <cstdint>
#include <string_view>

namespace kernel {

enum class Type : uint8_t {
    Int32, Int64, Float32, Float64, Number, Complex32, Complex64, Bool,
    Date, DateTime, Time, Bytes, Ascii, Unicode, Json, Pickle,
};

constexpr int64_t kMaxValueBytes = 2'000'000'000;

struct ColumnType {
    Type type;
    bool parsed;  // "parsed:…": wider input, same storage
};

// Returns false for a name that is not a column type.
bool find_type(std::string_view name, ColumnType *out);
// As find_type; an unknown name sets a Python ValueError and throws.
ColumnType type_named(PyObject *name);
const char *type_name(Type type);

inline bool is_text(Type t) { return t >= Type::Bytes; }
inline bool has_hash(Type t) { return t != Type::Json && t != Type::Pickle; }
inline bool has_min_max(Type t) {
    return t <= Type::Number || (t >= Type::Bool && t <= Type::Time);
}

enum class Tag : uint8_t {
    None,
    Int,      // i: integers, bool, days, microseconds
    Float,    // d
    Big,      // p, n: little-endian two's complement of an int beyond 64 bits
    Complex,  // d, im
    View,     // p, n: encoded bytes
    Text,     // p is a str that is not ASCII, without surrogates; encoded when it is stored
};

constexpr uint8_t kFold = 1;
constexpr uint8_t kUtc = 2;

// One value. What p points to is kept alive by `owned` or, where that is null, by whoever gave the value.
struct Cell {
    Tag tag = Tag::None;
    uint8_t flags = 0;  // kFold | kUtc of datetime and time
    union {
        int64_t i;
        double d;
        const void *p;
    };
    union {
        double im;
        int64_t n;
    };
    PyObject *owned = nullptr;

    Cell() : i(0), n(0) {}
    Cell(const Cell &) = delete;
    Cell &operator=(const Cell &) = delete;
    ~Cell() { Py_XDECREF(owned); }

    // Becomes a copy of another cell that lives longer than this one.
    void alias(const Cell &o) {
        tag = o.tag;
        flags = o.flags;
        i = o.i;
        n = o.n;
    }
    void set_int(int64_t v) {
        tag = Tag::Int;
        i = v;
    }
    void set_float(double v) {
        tag = Tag::Float;
        d = v;
    }
    void set_view(const void *bytes, int64_t size) {
        tag = Tag::View;
        p = bytes;
        n = size;
    }
    const char *bytes() const { return static_cast<const char *>(p); }
    PyObject *text() const { return static_cast<PyObject *>(const_cast<void *>(p)); }
};

// Python value -> cell, by the rules for writing that type; None is the caller's business.
// Returns false with a Python exception set.
bool to_cell(ColumnType type, PyObject *value, Cell &out);

// The same for the values that nearly all are: of just the column's own Python type. No Python code runs, nothing is
// made, no error is set: false means that to_cell must look.
bool to_plain_cell(Type type, PyObject *value, Cell &out);
// The value of just an int that fits in 64 bits; false for anything else.
inline bool exact_int(PyObject *value, int64_t &out) {
    if (!PyLong_CheckExact(value)) return false;
#if PYLONG_BITS_IN_DIGIT == 30 && PY_VERSION_HEX < 0x030F0000
    // Three digits and a sign are what int64 needs; Python's own function takes five times as long for them.
    const auto *number = reinterpret_cast<PyLongObject *>(value);
#if PY_VERSION_HEX >= 0x030C0000
    const uintptr_t tag = number->long_value.lv_tag;
    const uintptr_t digits = tag >> 3;
    const bool negative = (tag & 3) == 2;
    const digit *from = number->long_value.ob_digit;
#else
    const Py_ssize_t size = Py_SIZE(value);
    const Py_ssize_t digits = size < 0 ? -size : size;
    const bool negative = size < 0;
    const digit *from = number->ob_digit;
#endif
    if (digits <= 3) {
        uint64_t magnitude = digits > 0 ? from[0] : 0;
        if (digits > 1) magnitude |= static_cast<uint64_t>(from[1]) << 30;
        if (digits > 2) magnitude |= static_cast<uint64_t>(from[2] & 7) << 60;
        if (digits < 3 || from[2] < 8) {
            out = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
            return true;
        }
    }
#endif
    int overflow = 0;
    out = PyLong_AsLongLongAndOverflow(value, &overflow);
    return !overflow;
}
// Whether a column can have such values at all.
inline bool has_plain_cells(ColumnType type) {
    return !type.parsed && type.type != Type::Json && type.type != Type::Pickle;
}

// Cell -> Python value of that type. Null with a Python exception set.
PyObject *from_cell(Type type, const Cell &cell);

PyObject *make_date(int64_t days);
PyObject *make_datetime(int64_t microseconds, uint8_t flags);
PyObject *make_time(int64_t microseconds, uint8_t flags);
PyObject *make_big(const void *bytes, size_t size);
PyObject *make_json(const char *text, int64_t size);
PyObject *make_pickled(const char *bytes, int64_t size);
PyObject *unpickled(PyObject *bytes);
// The value of a pickle of plain values; null without an error for all others, which are for unpickled.
PyObject *plain_unpickled(const char *p, int64_t n);

// The one float object that all NaNs read are. Borrowed.
PyObject *shared_nan();

inline PyObject *make_float(double d) {
    if (d == d) [[likely]] return PyFloat_FromDouble(d);
    return Py_NewRef(shared_nan());
}

// UTF-8 -> str; ASCII, the usual case, without the codec's machinery.
PyObject *make_text(const char *p, int64_t n);

// Encodes a str that holds no surrogates; `out` has room for 4 bytes a character. Returns the end.
char *encode_utf8(PyObject *text, char *out);
int64_t utf8_room(PyObject *text);

void init_convert();
void init_decode();

}  // namespace kernel
