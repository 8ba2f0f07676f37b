// Cell -> Python value.
#include "civil.h"
#include "types.h"

#include <datetime.h>

#include <cmath>

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
    const Civil c = civil_from_days(floor_days(microseconds));
    const uint64_t rest = static_cast<uint64_t>(microseconds_of_day(microseconds));
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

PyObject *unpickled(PyObject *bytes) {
    static PyObject *const loads = imported("pickle", "loads");
    return PyObject_CallOneArg(loads, bytes);
}

PyObject *make_pickled(const char *bytes, int64_t size) {
    if (PyObject *made = plain_unpickled(bytes, size)) return made;
    const Ref data(PyBytes_FromStringAndSize(bytes, size));
    return data ? unpickled(data.get()) : nullptr;
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
