// Partition hash of a value, of an array, and slice numbers; min and max of an array.
#include "hash.h"

#include "array.h"
#include "column_reader.h"
#include "stats.h"

#include <datetime.h>
#include <nanobind/nanobind.h>

namespace kernel {

namespace {

using arrow_abi::Buffer;
using arrow_abi::Column;

void refuse_unhashable(Type type) {
    if (!has_hash(type)) throw std::domain_error(std::string("a column of type ") + type_name(type) + " cannot be hashed");
}

ColumnType type_of_value(PyObject *value) {
    if (PyBytes_Check(value)) return {Type::Bytes, false};
    if (PyUnicode_Check(value)) return {Type::Unicode, false};
    if (PyFloat_Check(value)) return {Type::Float64, false};
    if (PyBool_Check(value)) return {Type::Bool, false};
    if (PyLong_Check(value)) return {Type::Number, false};
    if (PyDateTime_Check(value)) return {Type::DateTime, false};
    if (PyDate_Check(value)) return {Type::Date, false};
    if (PyTime_Check(value)) return {Type::Time, false};
    if (PyComplex_Check(value)) return {Type::Complex64, false};
    PyErr_Format(PyExc_ValueError, "a value of type %.200s has no hash", Py_TYPE(value)->tp_name);
    throw PythonError();
}

PyObject *siphash24(PyObject *, PyObject *data) {
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0) return nullptr;
    const uint64_t h = siphash(view.buf, static_cast<size_t>(view.len));
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLongLong(h);
}

PyObject *hash_value(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (nargs != 2) return PyErr_Format(PyExc_TypeError, "hash_value() takes a type and a value");
        PyObject *value = args[1];
        const bool typed = args[0] != Py_None;
        ColumnType type = {};
        if (typed) {
            type = type_named(args[0]);
            refuse_unhashable(type.type);
        }
        if (value == Py_None) return PyLong_FromLong(0);
        if (!typed) type = type_of_value(value);
        Cell cell;
        if (!to_cell(type, value, cell) || !encode_text(cell)) return nullptr;
        return PyLong_FromUnsignedLongLong(hash_cell(type.type, cell));
    });
}

// Calls put(i, hash) for every row of a column that is not dictionary encoded.
template <class Put> void each_plain_hash(const ColumnReader &reader, int64_t rows, Put &&put) {
    const Type type = reader.type();
    if (reader.layout() == Layout::I64 && (type == Type::Int64 || type == Type::Number)) {
        const Span &span = reader.span();
        for (int64_t i = 0; i < rows; i++) put(i, span.is_null(i) ? 0 : hash_int(span.at<int64_t>(i)));
        return;
    }
    for (int64_t i = 0; i < rows; i++) {
        Cell cell;
        reader.cell(i, cell);
        put(i, hash_cell(type, cell));
    }
}

// The same for every column; values of a dictionary are hashed once.
template <class Put> void each_hash(const ColumnReader &reader, int64_t rows, Put &&put) {
    if (reader.layout() != Layout::Dictionary) return each_plain_hash(reader, rows, put);
    std::vector<uint64_t> hashes(static_cast<size_t>(reader.dictionary_size()));
    each_plain_hash(reader.dictionary(), reader.dictionary_size(),
                    [&](int64_t k, uint64_t h) { hashes[static_cast<size_t>(k)] = h; });
    for (int64_t i = 0; i < rows; i++) {
        const int64_t k = reader.index(i);
        put(i, k < 0 ? 0 : hashes[static_cast<size_t>(k)]);
    }
}

template <class T, class F> PyObject *mapped(PyObject *type_name, PyObject *array, const char *format, F &&value) {
    const ColumnType type = type_named(type_name);
    refuse_unhashable(type.type);
    Taken taken(array);
    const int64_t rows = taken.array.length;
    ColumnReader reader(type.type);
    reader.bind(&taken.schema, &taken.array, 0, rows);
    Column out = fixed_column(format, rows, sizeof(T));
    T *results = out.buffers[1].as<T>();
    each_hash(reader, rows, [&](int64_t i, uint64_t h) { results[i] = value(h); });
    return make_array(std::move(out));
}

PyObject *hash_array(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (nargs != 2) return PyErr_Format(PyExc_TypeError, "hash_array() takes a type and an array");
        return mapped<uint64_t>(args[0], args[1], "L", [](uint64_t h) { return h; });
    });
}

PyObject *slice_array(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (nargs != 3) return PyErr_Format(PyExc_TypeError, "slice_array() takes a type, an array and a number of slices");
        const long slices = PyLong_AsLong(args[2]);
        if (slices == -1 && PyErr_Occurred()) return nullptr;
        if (slices < 1 || slices > INT32_MAX) return PyErr_Format(PyExc_ValueError, "slices must be a positive int32");
        const uint64_t n = static_cast<uint64_t>(slices);
        return mapped<int32_t>(args[0], args[1], "i", [n](uint64_t h) { return static_cast<int32_t>(h % n); });
    });
}

PyObject *min_max(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (nargs != 2) return PyErr_Format(PyExc_TypeError, "min_max() takes a type and an array");
        const ColumnType type = type_named(args[0]);
        Taken taken(args[1]);
        MinMax extremes(type.type);
        if (has_min_max(type.type)) {
            const int64_t rows = taken.array.length;
            ColumnReader reader(type.type);
            reader.bind(&taken.schema, &taken.array, 0, rows);
            const Span &span = reader.span();
            if (reader.layout() == Layout::F64 && !span.valid) {
                extremes.add_floats(static_cast<const double *>(span.data), nullptr, rows);
            } else if (reader.layout() == Layout::F32 && !span.valid) {
                extremes.add_floats(static_cast<const float *>(span.data), nullptr, rows);
            } else {
                for (int64_t i = 0; i < rows; i++) {
                    Cell cell;
                    reader.cell(i, cell);
                    extremes.add(cell);
                }
            }
        }
        Ref least(checked(extremes.min())), greatest(checked(extremes.max()));
        return PyTuple_Pack(2, least.get(), greatest.get());
    });
}

template <class F> PyCFunction fast(F f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)); }

PyMethodDef functions[] = {
    {"siphash24", siphash24, METH_O, "Return the SipHash-2-4 of data under the Accelerator's fixed key."},
    {"hash_value", fast(hash_value), METH_FASTCALL, "Return the partition hash of one value."},
    {"hash_array", fast(hash_array), METH_FASTCALL, "Return the partition hash of every element."},
    {"slice_array", fast(slice_array), METH_FASTCALL, "Return hash % slices of every element."},
    {"min_max", fast(min_max), METH_FASTCALL, "Return least and greatest element by the rules of a column."},
    {},
};

}  // namespace

}  // namespace kernel

void bind_hash(nanobind::module_ &m) {
    using namespace kernel;
    try {
        PyDateTime_IMPORT;
        if (!PyDateTimeAPI) throw PythonError();
        init_convert();
        init_decode();
        init_array(m.ptr());
        if (PyModule_AddFunctions(m.ptr(), functions) < 0) throw PythonError();
        if (PyModule_AddIntConstant(m.ptr(), "MAX_VALUE_BYTES", kMaxValueBytes) < 0) throw PythonError();
    } catch (const PythonError &) {
        throw nanobind::python_error();
    }
}
