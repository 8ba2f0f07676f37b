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

constexpr int64_t kShortText = 128;

// Short text with characters of two or three bytes; anything that is not plainly right is left to the codec.
PyObject *decode_short(const unsigned char *p, int64_t n) {
    Py_UCS2 text[kShortText];
    Py_ssize_t length = 0;
    Py_UCS2 any = 0;
    for (const unsigned char *end = p + n; p < end; length++) {
        Py_UCS2 c = *p++;
        if (c >= 0x80) {
            if (c >= 0xC2 && c < 0xE0 && end - p >= 1 && (p[0] & 0xC0) == 0x80) {
                c = static_cast<Py_UCS2>((c & 0x1F) << 6 | (p[0] & 0x3F));
                p += 1;
            } else if (c >= 0xE0 && c < 0xF0 && end - p >= 2 && (p[0] & 0xC0) == 0x80 && (p[1] & 0xC0) == 0x80) {
                c = static_cast<Py_UCS2>((c & 0x0F) << 12 | (p[0] & 0x3F) << 6 | (p[1] & 0x3F));
                if (c < 0x800 || (c & 0xF800) == 0xD800) return nullptr;
                p += 2;
            } else {
                return nullptr;
            }
        }
        any |= c;
        text[length] = c;
    }
    PyObject *made = PyUnicode_New(length, any < 0x100 ? 0xFF : 0xFFFF);
    if (!made) return nullptr;
    if (any < 0x100) {
        for (Py_ssize_t k = 0; k < length; k++) PyUnicode_1BYTE_DATA(made)[k] = static_cast<Py_UCS1>(text[k]);
    } else {
        std::memcpy(PyUnicode_2BYTE_DATA(made), text, static_cast<size_t>(length) * 2);
    }
    return made;
}

}  // namespace

PyObject *make_text(const char *p, int64_t n) {
    if (n > 1) [[likely]] {  // shorter ones are shared by the interpreter
        const char *q = p;
        int64_t left = n;
        uint64_t any = 0;
        for (; left >= 8; left -= 8, q += 8) {
            uint64_t word;
            std::memcpy(&word, q, 8);
            any |= word;
        }
        if (n >= 8) {
            uint64_t word;
            std::memcpy(&word, p + n - 8, 8);
            any |= word;
        } else {
            for (; left > 0; left--) any |= static_cast<unsigned char>(*q++);
        }
        if (!(any & 0x8080808080808080)) [[likely]] {
            PyObject *text = PyUnicode_New(n, 127);
            if (text) std::memcpy(PyUnicode_1BYTE_DATA(text), p, static_cast<size_t>(n));
            return text;
        }
        // More than one character, so that none of the interpreter's shared ones is made again.
        if (n > 3 && n <= kShortText) {
            PyObject *text = decode_short(reinterpret_cast<const unsigned char *>(p), n);
            if (text) return text;
            PyErr_Clear();
        }
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
