// Cell -> Python value.
#include "civil.h"
#include "types.h"

#include <datetime.h>

#include <cmath>
#include <cstring>

namespace kernel {

namespace {

PyObject *nan_object = nullptr;

bool out_of_range(const char *what) {
    PyErr_Format(PyExc_ValueError, "stored %s is outside the years 1 to 9999", what);
    return false;
}

PyObject *make_number(const Cell &cell) {
    if (cell.tag == Tag::Int) return PyLong_FromLongLong(cell.i);
    if (cell.tag == Tag::Float) return make_float(cell.d);
    return make_big(cell.p, static_cast<size_t>(cell.n));
}

}  // namespace

PyObject *shared_nan() { return nan_object; }

PyObject *make_date(int64_t days) {
    if (days < kMinDays || days > kMaxDays) return out_of_range("date"), nullptr;
    const Civil c = civil_from_days(days);
    return PyDate_FromDate(c.year, static_cast<int>(c.month), static_cast<int>(c.day));
}

PyObject *make_datetime(int64_t microseconds, uint8_t flags) {
    if (microseconds < kMinMicroseconds || microseconds > kMaxMicroseconds) return out_of_range("datetime"), nullptr;
    const int64_t days = floor_days(microseconds);
    const Civil c = civil_from_days(days);
    const uint64_t rest = static_cast<uint64_t>(microseconds - days * kDayMicroseconds);
    const uint32_t seconds = static_cast<uint32_t>(rest / 1'000'000);
    return PyDateTimeAPI->DateTime_FromDateAndTimeAndFold(
        c.year, static_cast<int>(c.month), static_cast<int>(c.day), static_cast<int>(seconds / 3600),
        static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60), static_cast<int>(rest % 1'000'000),
        flags & kUtc ? PyDateTime_TimeZone_UTC : Py_None, flags & kFold ? 1 : 0, PyDateTimeAPI->DateTimeType);
}

PyObject *make_time(int64_t microseconds, uint8_t flags) {
    if (microseconds < 0 || microseconds >= kDayMicroseconds) {
        PyErr_SetString(PyExc_ValueError, "stored time is outside the day");
        return nullptr;
    }
    const uint32_t seconds = static_cast<uint32_t>(microseconds / 1'000'000);
    return PyDateTimeAPI->Time_FromTimeAndFold(
        static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60),
        static_cast<int>(microseconds % 1'000'000), flags & kUtc ? PyDateTime_TimeZone_UTC : Py_None,
        flags & kFold ? 1 : 0, PyDateTimeAPI->TimeType);
}

PyObject *make_big(const void *bytes, size_t size) {
#if PY_VERSION_HEX >= 0x030D0000
    return PyLong_FromNativeBytes(bytes, size, Py_ASNATIVEBYTES_LITTLE_ENDIAN);
#else
    return _PyLong_FromByteArray(static_cast<const unsigned char *>(bytes), size, 1, 1);
#endif
}

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;
constexpr int64_t kShortText = 64;

template <class T> uint64_t load(const void *p) {
    T word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

// Loads that overlap instead of loops over the last bytes: most text is short.
bool all_ascii(const char *p, int64_t n) {
    uint64_t any = 0;
    if (n >= 8) {
        for (int64_t k = 0; k < n - 8; k += 8) any |= load<uint64_t>(p + k);
        any |= load<uint64_t>(p + n - 8);
    } else if (n >= 4) {
        any = load<uint32_t>(p) | load<uint32_t>(p + n - 4);
    } else if (n >= 2) {
        any = load<uint16_t>(p) | load<uint16_t>(p + n - 2);
    } else if (n) {
        any = static_cast<unsigned char>(*p);
    }
    return !(any & kHighBits);
}

// Short Latin-1 text. Null without an error for all else, which is the codec's.
PyObject *decode_latin(const unsigned char *p, int64_t n) {
    unsigned char text[kShortText];
    unsigned char *to = text;
    for (const unsigned char *end = p + n; p < end;) {
        if (end - p >= 8 && !(load<uint64_t>(p) & kHighBits)) {
            std::memcpy(to, p, 8);
            p += 8;
            to += 8;
        } else if (*p < 0x80) {
            *to++ = *p++;
        } else if ((*p & 0xFE) == 0xC2 && end - p >= 2 && (p[1] & 0xC0) == 0x80) {
            *to++ = static_cast<unsigned char>(*p << 6 | (p[1] & 0x3F));
            p += 2;
        } else {
            return nullptr;
        }
    }
    PyObject *made = PyUnicode_New(to - text, 0xFF);
    if (made) std::memcpy(PyUnicode_1BYTE_DATA(made), text, static_cast<size_t>(to - text));
    return made;
}

// The same for the basic plane.
PyObject *decode_basic(const unsigned char *p, int64_t n) {
    Py_UCS2 text[kShortText];
    Py_UCS2 *to = text;
    for (const unsigned char *end = p + n; p < end;) {
        const unsigned c = *p;
        if (c < 0x80) {
            *to++ = static_cast<Py_UCS2>(c);
            p += 1;
        } else if (c >= 0xC2 && c < 0xE0 && end - p >= 2 && (p[1] & 0xC0) == 0x80) {
            *to++ = static_cast<Py_UCS2>((c & 0x1F) << 6 | (p[1] & 0x3F));
            p += 2;
        } else if (c >= 0xE0 && c < 0xF0 && end - p >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
            const unsigned wide = (c & 0x0F) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
            if (wide < 0x800 || (wide & 0xF800) == 0xD800) return nullptr;
            *to++ = static_cast<Py_UCS2>(wide);
            p += 3;
        } else {
            return nullptr;
        }
    }
    PyObject *made = PyUnicode_New(to - text, 0xFFFF);
    if (made) std::memcpy(PyUnicode_2BYTE_DATA(made), text, static_cast<size_t>(to - text) * 2);
    return made;
}

}  // namespace

PyObject *make_text(const char *p, int64_t n) {
    if (n > 1 && all_ascii(p, n)) [[likely]] {  // shorter ones are shared by the interpreter
        PyObject *text = PyUnicode_New(n, 127);
        if (text) std::memcpy(PyUnicode_1BYTE_DATA(text), p, static_cast<size_t>(n));
        return text;
    }
    if (n > 3 && n <= kShortText) {  // more than one character, for the same reason
        const auto *bytes = reinterpret_cast<const unsigned char *>(p);
        // After decode_latin gave up there is a character beyond Latin-1, as decode_basic takes for granted.
        if (PyObject *text = decode_latin(bytes, n); text || PyErr_Occurred()) return text;
        if (PyObject *text = decode_basic(bytes, n); text || PyErr_Occurred()) return text;
    }
    return PyUnicode_DecodeUTF8(p, n, nullptr);
}

PyObject *make_json(const char *text, int64_t size) {
    static PyObject *decoder = nullptr, *scan = nullptr, *zero = nullptr;
    if (!scan) {
        decoder = checked(PyObject_CallNoArgs(imported("json", "JSONDecoder")));
        zero = checked(PyLong_FromLong(0));
        scan = checked(PyObject_GetAttrString(decoder, "scan_once"));
    }
    Ref string(make_text(text, size));
    if (!string) return nullptr;
    // The scanner alone does for compact text, which is what we write.
    PyObject *arguments[] = {string.get(), zero};
    Ref found(PyObject_Vectorcall(scan, arguments, 2, nullptr));
    if (found && PyTuple_Check(found.get()) && PyTuple_GET_SIZE(found.get()) == 2 &&
        PyLong_AsSsize_t(PyTuple_GET_ITEM(found.get(), 1)) == PyUnicode_GET_LENGTH(string.get())) {
        return Py_NewRef(PyTuple_GET_ITEM(found.get(), 0));
    }
    if (!found && !PyErr_ExceptionMatches(PyExc_StopIteration)) return nullptr;
    PyErr_Clear();
    return PyObject_CallMethod(decoder, "decode", "O", string.get());
}

PyObject *make_pickled(const char *bytes, int64_t size) {
    Ref data(PyBytes_FromStringAndSize(bytes, size));
    if (!data) return nullptr;
    return PyObject_CallOneArg(imported("pickle", "loads"), data.get());
}

PyObject *from_cell(Type type, const Cell &cell) {
    if (cell.tag == Tag::None) return Py_NewRef(Py_None);
    switch (type) {
    case Type::Int32:
    case Type::Int64: return PyLong_FromLongLong(cell.i);
    case Type::Float32:
    case Type::Float64: return make_float(cell.d);
    case Type::Number: return make_number(cell);
    case Type::Complex32:
    case Type::Complex64: return PyComplex_FromDoubles(cell.d, cell.im);
    case Type::Bool: return PyBool_FromLong(cell.i != 0);
    case Type::Date: return make_date(cell.i);
    case Type::DateTime: return make_datetime(cell.i, cell.flags);
    case Type::Time: return make_time(cell.i, cell.flags);
    case Type::Bytes: return PyBytes_FromStringAndSize(cell.bytes(), cell.n);
    case Type::Ascii:
    case Type::Unicode: return make_text(cell.bytes(), cell.n);
    case Type::Json: return make_json(cell.bytes(), cell.n);
    case Type::Pickle: return make_pickled(cell.bytes(), cell.n);
    }
    return nullptr;
}

void init_decode() {
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI) throw PythonError();
    nan_object = checked(PyFloat_FromDouble(std::nan("")));
}

}  // namespace kernel
