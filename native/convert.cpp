// Python value -> cell: what each column type accepts, and the exact errors for the rest.
#include "civil.h"
#include "json_scan.h"
#include "json_text.h"
#include "types.h"

#include <datetime.h>

#include <cstring>

namespace kernel {

namespace {

// Sets an error of the form "int32 wants an integer, not str".
bool wants(PyObject *exception, const char *what, PyObject *value) {
    PyErr_Format(exception, "%s, not %.200s", what, Py_TYPE(value)->tp_name);
    return false;
}

bool fits_limit(int64_t bytes) {
    if (bytes <= kMaxValueBytes) return true;
    PyErr_Format(PyExc_ValueError, "value of %lld bytes is above the limit of %lld bytes",
                 static_cast<long long>(bytes), static_cast<long long>(kMaxValueBytes));
    return false;
}

// ---- numbers ----

// The nearest float. Volatile, because GCC 12 at -O3 drops the rounding when it makes two of these one vector.
double rounded(double d) {
    volatile float f = static_cast<float>(d);
    return f;
}

bool integer_cell(ColumnType type, PyObject *value, Cell &out) {
    Ref made;
    if (!PyLong_Check(value)) {
        if (type.parsed) made = Ref(PyNumber_Long(value));
        else if (PyIndex_Check(value)) made = Ref(PyNumber_Index(value));
        else return wants(PyExc_TypeError, "an integer is needed", value);
        if (!made) return false;
        value = made.get();
    }
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (v == -1 && PyErr_Occurred()) return false;
    if (overflow || (type.type == Type::Int32 && (v < INT32_MIN || v > INT32_MAX))) {
        PyErr_Format(PyExc_OverflowError, "integer does not fit in %s", type_name(type.type));
        return false;
    }
    out.set_int(v);
    return true;
}

bool float_cell(ColumnType type, PyObject *value, Cell &out) {
    double d;
    if (PyFloat_CheckExact(value)) [[likely]] {
        d = PyFloat_AS_DOUBLE(value);
    } else if (type.parsed) {
        Ref number(PyNumber_Float(value));
        if (!number) return false;
        d = PyFloat_AS_DOUBLE(number.get());
    } else {
        d = PyFloat_AsDouble(value);
        if (d == -1.0 && PyErr_Occurred()) return false;
    }
    out.set_float(type.type == Type::Float32 ? rounded(d) : d);
    return true;
}

constexpr size_t kBigBytes = 126;  // 1007 bits of magnitude and a sign

// Two's complement of an int beyond 64 bits, in the smallest number of bytes by the rule bit_length // 8 + 1.
bool big_cell(PyObject *value, Cell &out) {
    unsigned char buffer[kBigBytes];
#if PY_VERSION_HEX >= 0x030D0000
    const Py_ssize_t need = PyLong_AsNativeBytes(value, buffer, kBigBytes, Py_ASNATIVEBYTES_LITTLE_ENDIAN);
    if (need < 0) return false;
    bool fits = need <= static_cast<Py_ssize_t>(kBigBytes);
#else
    bool fits = _PyLong_AsByteArray(reinterpret_cast<PyLongObject *>(value), buffer, kBigBytes, 1, 1) == 0;
    if (!fits) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return false;
        PyErr_Clear();
    }
#endif
    size_t bits = 0;
    if (fits) {
        unsigned char magnitude[kBigBytes];
        const bool negative = buffer[kBigBytes - 1] & 0x80;
        unsigned carry = 1;
        for (size_t k = 0; k < kBigBytes; k++) {
            const unsigned byte = negative ? static_cast<unsigned char>(~buffer[k]) + carry : buffer[k];
            magnitude[k] = static_cast<unsigned char>(byte);
            carry = byte >> 8;
        }
        for (size_t k = kBigBytes; k-- > 0 && bits == 0;) {
            for (unsigned byte = magnitude[k]; byte; byte >>= 1) bits++;
            if (bits) bits += 8 * k;
        }
        fits = bits <= 1007;
    }
    if (!fits) {
        PyErr_SetString(PyExc_OverflowError, "integer is outside ±(2**1007 - 1)");
        return false;
    }
    out.owned = PyBytes_FromStringAndSize(reinterpret_cast<char *>(buffer), static_cast<Py_ssize_t>(bits / 8 + 1));
    if (!out.owned) return false;
    out.tag = Tag::Big;
    out.p = PyBytes_AS_STRING(out.owned);
    out.n = PyBytes_GET_SIZE(out.owned);
    return true;
}

bool whole_number_cell(PyObject *value, Cell &out) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow) return big_cell(value, out);
    if (v == -1 && PyErr_Occurred()) return false;
    out.set_int(v);
    return true;
}

bool is_value_error() {
    return PyErr_ExceptionMatches(PyExc_ValueError) || PyErr_ExceptionMatches(PyExc_TypeError) ||
           PyErr_ExceptionMatches(PyExc_OverflowError);
}

bool number_cell(ColumnType type, PyObject *value, Cell &out) {
    if (PyFloat_Check(value)) {
        out.set_float(PyFloat_AS_DOUBLE(value));
        return true;
    }
    if (PyLong_Check(value)) return whole_number_cell(value, out);
    if (type.parsed) {
        Ref number(PyNumber_Long(value));
        if (number) return whole_number_cell(number.get(), out);
        if (!is_value_error()) return false;
        PyErr_Clear();
        number = Ref(PyNumber_Float(value));
        if (number) {
            out.set_float(PyFloat_AS_DOUBLE(number.get()));
            return true;
        }
        if (!is_value_error()) return false;
        PyErr_Clear();
    }
    return wants(PyExc_ValueError, "an int or a float is needed", value);
}

bool complex_cell(ColumnType type, PyObject *value, Cell &out) {
    Ref made;
    if (type.parsed && (PyUnicode_Check(value) || PyBytes_Check(value))) {
        Ref text = PyBytes_Check(value)
                       ? Ref(PyUnicode_DecodeUTF8(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), nullptr))
                       : Ref::borrow(value);
        if (!text) return false;
        made = Ref(PyObject_CallOneArg(reinterpret_cast<PyObject *>(&PyComplex_Type), text.get()));
        if (!made) return false;
        value = made.get();
    }
    const Py_complex c = PyComplex_AsCComplex(value);
    if (c.real == -1.0 && PyErr_Occurred()) return false;
    out.tag = Tag::Complex;
    out.d = c.real;
    out.im = c.imag;
    if (type.type == Type::Complex32) {
        out.d = rounded(c.real);
        out.im = rounded(c.imag);
    }
    return true;
}

bool bool_cell(PyObject *value, Cell &out) {
    if (PyBool_Check(value)) {
        out.set_int(value == Py_True);
        return true;
    }
    if (!PyIndex_Check(value)) return wants(PyExc_TypeError, "True, False, 1 or 0 is needed", value);
    Ref index(PyNumber_Index(value));
    if (!index) return false;
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(index.get(), &overflow);
    if (v == -1 && PyErr_Occurred()) return false;
    if (overflow || (v != 0 && v != 1)) {
        PyErr_SetString(PyExc_OverflowError, "True, False, 1 or 0 is needed, not another integer");
        return false;
    }
    out.set_int(v);
    return true;
}

// ---- dates and times ----

// kUtc for a zone that is UTC, 0 for none, -1 with an error set for others.
int utc_flag(PyObject *zone, PyObject *value) {
    if (zone == Py_None) return 0;
    if (zone == PyDateTime_TimeZone_UTC) return kUtc;
    Ref offset(PyObject_CallMethod(value, "utcoffset", nullptr));
    if (!offset) return -1;
    if (PyDelta_Check(offset.get()) && PyDateTime_DELTA_GET_DAYS(offset.get()) == 0 &&
        PyDateTime_DELTA_GET_SECONDS(offset.get()) == 0 && PyDateTime_DELTA_GET_MICROSECONDS(offset.get()) == 0) {
        return kUtc;
    }
    PyErr_Format(PyExc_ValueError, "time zone %R is not UTC; only naive and UTC values can be stored", zone);
    return -1;
}

int64_t day_microseconds(int hour, int minute, int second, int microsecond) {
    return ((hour * 60 + minute) * int64_t{60} + second) * 1'000'000 + microsecond;
}

bool date_cell(PyObject *value, Cell &out) {
    if (!PyDate_Check(value)) return wants(PyExc_ValueError, "a date is needed", value);
    out.set_int(days_from_civil(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value), PyDateTime_GET_DAY(value)));
    return true;
}

bool datetime_cell(PyObject *value, Cell &out) {
    if (!PyDateTime_Check(value)) return wants(PyExc_ValueError, "a datetime is needed", value);
    const int utc = utc_flag(PyDateTime_DATE_GET_TZINFO(value), value);
    if (utc < 0) return false;
    const int64_t days =
        days_from_civil(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value), PyDateTime_GET_DAY(value));
    out.set_int(days * kDayMicroseconds +
                day_microseconds(PyDateTime_DATE_GET_HOUR(value), PyDateTime_DATE_GET_MINUTE(value),
                                 PyDateTime_DATE_GET_SECOND(value), PyDateTime_DATE_GET_MICROSECOND(value)));
    out.flags = static_cast<uint8_t>(utc | (PyDateTime_DATE_GET_FOLD(value) ? kFold : 0));
    return true;
}

bool time_cell(PyObject *value, Cell &out) {
    if (!PyTime_Check(value)) return wants(PyExc_ValueError, "a time is needed", value);
    const int utc = utc_flag(PyDateTime_TIME_GET_TZINFO(value), value);
    if (utc < 0) return false;
    out.set_int(day_microseconds(PyDateTime_TIME_GET_HOUR(value), PyDateTime_TIME_GET_MINUTE(value),
                                 PyDateTime_TIME_GET_SECOND(value), PyDateTime_TIME_GET_MICROSECOND(value)));
    out.flags = static_cast<uint8_t>(utc | (PyDateTime_TIME_GET_FOLD(value) ? kFold : 0));
    return true;
}

// ---- text and bytes ----

bool is_ascii(const char *p, int64_t n) {
    uint64_t any = 0;
    while (n >= 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        any |= word;
        p += 8;
        n -= 8;
    }
    while (n-- > 0) any |= static_cast<unsigned char>(*p++);
    return !(any & 0x8080808080808080);
}

template <class C> bool has_surrogate(const C *p, Py_ssize_t n) {
    bool found = false;
    for (Py_ssize_t k = 0; k < n; k++) found |= (p[k] & ~C{0x7FF}) == 0xD800;
    return found;
}

template <class C> int64_t utf8_size(const C *p, Py_ssize_t n) {
    int64_t size = n;
    for (Py_ssize_t k = 0; k < n; k++) {
        size += p[k] >= 0x80;
        if constexpr (sizeof(C) > 1) size += p[k] >= 0x800;
        if constexpr (sizeof(C) > 2) size += p[k] >= 0x10000;
    }
    return size;
}

int64_t utf8_size(PyObject *text) {
    const Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND: return utf8_size(PyUnicode_1BYTE_DATA(text), n);
    case PyUnicode_2BYTE_KIND: return utf8_size(PyUnicode_2BYTE_DATA(text), n);
    default: return utf8_size(PyUnicode_4BYTE_DATA(text), n);
    }
}

bool ready(PyObject *text) {
#if PY_VERSION_HEX < 0x030C0000
    return PyUnicode_READY(text) == 0;  // str objects made by very old C code
#else
    (void)text;
    return true;
#endif
}

bool unicode_cell(PyObject *value, Cell &out) {
    if (!ready(value)) return false;
    const Py_ssize_t n = PyUnicode_GET_LENGTH(value);
    if (PyUnicode_IS_ASCII(value)) [[likely]] {
        out.set_view(PyUnicode_1BYTE_DATA(value), n);
        return fits_limit(n);
    }
    const int kind = PyUnicode_KIND(value);
    if ((kind == PyUnicode_2BYTE_KIND && has_surrogate(PyUnicode_2BYTE_DATA(value), n)) ||
        (kind == PyUnicode_4BYTE_KIND && has_surrogate(PyUnicode_4BYTE_DATA(value), n))) {
        Py_XDECREF(PyUnicode_AsUTF8String(value));  // always fails here, with the exact error
        return false;
    }
    out.tag = Tag::Text;
    out.p = value;
    out.n = n;
    return utf8_room(value) <= kMaxValueBytes || fits_limit(utf8_size(value));
}

bool ascii_cell(PyObject *value, Cell &out) {
    const char *p;
    Py_ssize_t n;
    if (PyUnicode_Check(value)) {
        if (!ready(value)) return false;
        if (!PyUnicode_IS_ASCII(value)) {
            PyErr_SetString(PyExc_ValueError, "only ASCII characters can be stored");
            return false;
        }
        p = reinterpret_cast<const char *>(PyUnicode_1BYTE_DATA(value));
        n = PyUnicode_GET_LENGTH(value);
    } else if (PyBytes_Check(value)) {
        p = PyBytes_AS_STRING(value);
        n = PyBytes_GET_SIZE(value);
        if (!is_ascii(p, n)) {
            PyErr_SetString(PyExc_ValueError, "only ASCII characters can be stored");
            return false;
        }
    } else {
        return wants(PyExc_TypeError, "a str or ASCII bytes is needed", value);
    }
    out.set_view(p, n);
    return fits_limit(n);
}

bool bytes_cell(PyObject *value, Cell &out) {
    if (!PyBytes_Check(value)) return wants(PyExc_TypeError, "bytes is needed", value);
    out.set_view(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    return fits_limit(out.n);
}

// json.JSONEncoder(...).encode, for what append_json leaves. Null with an error set.
PyObject *json_encode() {
    static PyObject *encode = nullptr;
    if (!encode) {
        Ref arguments(Py_BuildValue("{s:O,s:(ss)}", "ensure_ascii", Py_False, "separators", ",", ":"));
        Ref nothing(PyTuple_New(0));
        if (!arguments || !nothing) return nullptr;
        Ref encoder(PyObject_Call(imported("json", "JSONEncoder"), nothing.get(), arguments.get()));
        if (!encoder) return nullptr;
        encode = PyObject_GetAttrString(encoder.get(), "encode");
    }
    return encode;
}

bool encoded_cell(const std::string &text, Cell &out) {
    if (!fits_limit(static_cast<int64_t>(text.size()))) return false;
    out.owned = PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
    if (!out.owned) return false;
    out.set_view(PyBytes_AS_STRING(out.owned), PyBytes_GET_SIZE(out.owned));
    return true;
}

// As json.loads and append_json would make it, if it is nothing special.
bool normal_json(PyObject *text, std::string &out) {
    Py_ssize_t size;
    const char *characters = PyUnicode_AsUTF8AndSize(text, &size);
    if (!characters) PyErr_Clear();  // a surrogate
    return characters && append_normal_json({characters, static_cast<size_t>(size)}, out);
}

bool json_cell(ColumnType type, PyObject *value, Cell &out) {
    Ref parsed;
    std::string text;
    if (type.parsed && PyUnicode_Check(value)) {
        if (normal_json(value, text)) return encoded_cell(text, out);
        parsed = Ref(PyObject_CallOneArg(imported("json", "loads"), value));
        if (!parsed) return false;
        value = parsed.get();
    }
    if (append_json(value, text)) return encoded_cell(text, out);
    PyObject *encode = json_encode();
    if (!encode) return false;
    out.owned = PyObject_CallOneArg(encode, value);
    if (!out.owned) return false;
    return unicode_cell(out.owned, out);
}

bool pickle_cell(PyObject *value, Cell &out) {
    static PyObject *protocol = nullptr;
    if (!protocol) protocol = checked(PyLong_FromLong(4));
    PyObject *arguments[] = {value, protocol};
    out.owned = PyObject_Vectorcall(imported("pickle", "dumps"), arguments, 2, nullptr);
    if (!out.owned) return false;
    return bytes_cell(out.owned, out);
}

template <class C> char *encode_utf8(const C *p, Py_ssize_t n, char *out) {
    for (const C *end = p + n; p < end; p++) {
        const uint32_t c = *p;
        if (c < 0x80) {
            *out++ = static_cast<char>(c);
        } else if (c < 0x800) {
            *out++ = static_cast<char>(0xC0 | c >> 6);
            *out++ = static_cast<char>(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            *out++ = static_cast<char>(0xE0 | c >> 12);
            *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
            *out++ = static_cast<char>(0x80 | (c & 0x3F));
        } else {
            *out++ = static_cast<char>(0xF0 | c >> 18);
            *out++ = static_cast<char>(0x80 | (c >> 12 & 0x3F));
            *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
            *out++ = static_cast<char>(0x80 | (c & 0x3F));
        }
    }
    return out;
}

// ---- values of just the type of their column ----

bool plain_int(Type type, PyObject *value, Cell &out) {
    out.tag = Tag::Int;
    return exact_int(value, out.i) && (type != Type::Int32 || (out.i >= INT32_MIN && out.i <= INT32_MAX));
}

bool is_plain_zone(PyObject *zone) { return zone == Py_None || zone == PyDateTime_TimeZone_UTC; }

bool plain_text(Type type, PyObject *value, Cell &out) {
#if PY_VERSION_HEX < 0x030C0000
    if (!PyUnicode_IS_READY(value)) return false;
#endif
    const Py_ssize_t n = PyUnicode_GET_LENGTH(value);
    if (PyUnicode_IS_ASCII(value)) [[likely]] {
        out.set_view(PyUnicode_1BYTE_DATA(value), n);
        return n <= kMaxValueBytes;
    }
    if (type != Type::Unicode || utf8_room(value) > kMaxValueBytes) return false;
    const int kind = PyUnicode_KIND(value);
    out.tag = Tag::Text;
    out.p = value;
    out.n = n;
    return !(kind == PyUnicode_2BYTE_KIND && has_surrogate(PyUnicode_2BYTE_DATA(value), n)) &&
           !(kind == PyUnicode_4BYTE_KIND && has_surrogate(PyUnicode_4BYTE_DATA(value), n));
}

}  // namespace

// The most bytes that the text can need: Latin-1 two a character, the BMP three, the rest four.
int64_t utf8_room(PyObject *text) {
    const int kind = PyUnicode_KIND(text);
    return int64_t{PyUnicode_GET_LENGTH(text)} * (kind == PyUnicode_1BYTE_KIND ? 2 : kind == PyUnicode_2BYTE_KIND ? 3 : 4);
}

char *encode_utf8(PyObject *text, char *out) {
    const Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND: return encode_utf8(PyUnicode_1BYTE_DATA(text), n, out);
    case PyUnicode_2BYTE_KIND: return encode_utf8(PyUnicode_2BYTE_DATA(text), n, out);
    default: return encode_utf8(PyUnicode_4BYTE_DATA(text), n, out);
    }
}

bool to_cell(ColumnType type, PyObject *value, Cell &out) {
    switch (type.type) {
    case Type::Int32:
    case Type::Int64: return integer_cell(type, value, out);
    case Type::Float32:
    case Type::Float64: return float_cell(type, value, out);
    case Type::Number: return number_cell(type, value, out);
    case Type::Complex32:
    case Type::Complex64: return complex_cell(type, value, out);
    case Type::Bool: return bool_cell(value, out);
    case Type::Date: return date_cell(value, out);
    case Type::DateTime: return datetime_cell(value, out);
    case Type::Time: return time_cell(value, out);
    case Type::Bytes: return bytes_cell(value, out);
    case Type::Ascii: return ascii_cell(value, out);
    case Type::Unicode:
        return PyUnicode_Check(value) ? unicode_cell(value, out) : wants(PyExc_TypeError, "a str is needed", value);
    case Type::Json: return json_cell(type, value, out);
    case Type::Pickle: return pickle_cell(value, out);
    }
    return false;
}

bool to_plain_cell(Type type, PyObject *value, Cell &out) {
    switch (type) {
    case Type::Int32:
    case Type::Int64: return plain_int(type, value, out);
    case Type::Float32:
    case Type::Float64:
        if (!PyFloat_CheckExact(value)) return false;
        out.set_float(PyFloat_AS_DOUBLE(value));  // what is stored is rounded then
        return true;
    case Type::Number:
        if (!PyFloat_CheckExact(value)) return plain_int(type, value, out);
        out.set_float(PyFloat_AS_DOUBLE(value));
        return true;
    case Type::Complex32:
    case Type::Complex64: return PyComplex_CheckExact(value) && complex_cell({type, false}, value, out);
    case Type::Bool:
        out.set_int(value == Py_True);
        return PyBool_Check(value);
    case Type::Date: return PyDate_CheckExact(value) && date_cell(value, out);
    case Type::DateTime:
        return PyDateTime_CheckExact(value) && is_plain_zone(PyDateTime_DATE_GET_TZINFO(value)) &&
               datetime_cell(value, out);
    case Type::Time:
        return PyTime_CheckExact(value) && is_plain_zone(PyDateTime_TIME_GET_TZINFO(value)) && time_cell(value, out);
    case Type::Bytes:
        if (!PyBytes_CheckExact(value)) return false;
        out.set_view(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
        return out.n <= kMaxValueBytes;
    case Type::Ascii:
    case Type::Unicode: return PyUnicode_CheckExact(value) && plain_text(type, value, out);
    case Type::Json:
    case Type::Pickle: break;
    }
    return false;
}

void init_convert() {
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI) throw PythonError();
}

}  // namespace kernel
