// Record batches -> Python rows. One row at a time, straight from the buffers: the objects of a row that the caller
// has dropped are the next row's memory, all in the cache; making rows ahead in blocks measures slower.
#include "column_reader.h"

#include <nanobind/nanobind.h>
#include <structmember.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#ifndef Py_T_PYSSIZET
#define Py_T_PYSSIZET T_PYSSIZET  // its name before 3.12
#endif

namespace kernel {

namespace {

struct RowsState {
    Ref source;   // iterator of batches; null at the end
    std::vector<ColumnReader> columns;
    Taken batch;  // what the columns read from
    int64_t row = 0, rows = 0;
    Ref tuples[2];  // the tuples handed out last, used again if nobody else has kept them
    bool bare = false;
    bool atomic = false;  // no value can be part of a reference cycle
    bool busy = false;
};

struct RowsObject {
    PyObject_HEAD
    RowsState s;
    Py_ssize_t position;
};

RowsState &state(PyObject *self) { return reinterpret_cast<RowsObject *>(self)->s; }

bool valid_everywhere(const ArrowArray &array) {
    if (array.null_count == 0 || array.n_buffers < 1 || !array.buffers[0]) return true;
    const auto *bits = static_cast<const uint8_t *>(array.buffers[0]);
    for (int64_t k = array.offset; k < array.offset + array.length; k++) {
        if (!(bits[k >> 3] >> (k & 7) & 1)) return false;
    }
    return true;
}

// Makes the next batch with rows the present one; false at the end.
bool load_batch(RowsState &s) {
    while (s.source) {
        Ref item(PyIter_Next(s.source.get()));
        if (!item) {
            if (PyErr_Occurred()) throw PythonError();
            s.source.reset();
            break;
        }
        Taken next(item.get());
        const ArrowArray &a = next.array;
        if (!next.schema.format || std::strcmp(next.schema.format, "+s") != 0) {
            throw std::domain_error("a record batch is needed");
        }
        const auto wanted = static_cast<int64_t>(s.columns.size());
        if (next.schema.n_children != wanted || a.n_children != wanted) {
            throw std::domain_error("record batch has another number of columns than there are types");
        }
        if (a.length < 0 || a.offset < 0 || !valid_everywhere(a)) {
            throw std::invalid_argument("record batch is not valid");
        }
        s.rows = 0;  // until all columns are bound
        for (size_t k = 0; k < s.columns.size(); k++) {
            s.columns[k].bind(next.schema.children[k], a.children[k], a.offset, a.length);
        }
        s.batch = std::move(next);  // and the one before goes: strings of a shared dictionary are kept by now
        s.row = 0;
        s.rows = s.batch.array.length;
        if (s.rows) return true;
    }
    for (ColumnReader &column : s.columns) column.forget();
    s.batch = Taken();
    for (Ref &tuple : s.tuples) tuple.reset();
    return false;
}

PyObject *fill_new_tuple(RowsState &s, int64_t row) {
    const auto n = static_cast<Py_ssize_t>(s.columns.size());
    PyObject *tuple = checked(PyTuple_New(n));
    if (n) PyObject_GC_UnTrack(tuple);  // atomic values need no collector; others see a whole tuple only
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *value = s.columns[static_cast<size_t>(k)].get(row);
        if (!value) {
            Py_DECREF(tuple);
            return nullptr;
        }
        PyTuple_SET_ITEM(tuple, k, value);
    }
    if (!s.atomic && n) PyObject_GC_Track(tuple);
    return tuple;
}

// The old values go first, so that they can become the new ones.
PyObject *refill_tuple(RowsState &s, Ref &tuple, int64_t row) {
#if PY_VERSION_HEX >= 0x030E0000
    reinterpret_cast<PyTupleObject *>(tuple.get())->ob_hash = -1;  // tuples remember their hash from 3.14 on
#endif
    const auto n = static_cast<Py_ssize_t>(s.columns.size());
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *old = PyTuple_GET_ITEM(tuple.get(), k);
        PyTuple_SET_ITEM(tuple.get(), k, nullptr);
        Py_DECREF(old);
        PyObject *value = s.columns[static_cast<size_t>(k)].get(row);
        if (!value) {
            tuple.reset();  // it is not whole
            return nullptr;
        }
        PyTuple_SET_ITEM(tuple.get(), k, value);
    }
    return Py_NewRef(tuple.get());
}

PyObject *make_row(RowsState &s, int64_t row) {
    if (s.bare) return s.columns[0].get(row);
    if (!kRecycle || !s.atomic || s.columns.empty()) return fill_new_tuple(s, row);
    Ref &older = s.tuples[row & 1];
    if (older && Py_REFCNT(older.get()) == 1) return refill_tuple(s, older, row);
    PyObject *made = fill_new_tuple(s, row);
    if (made) older.reset(Py_NewRef(made));
    return made;
}

// Values may run Python code (pickle), and so may the source: nobody may come in meanwhile.
class Busy {
public:
    explicit Busy(RowsState &s) : s_(s) {
        if (s.busy) throw std::invalid_argument("these rows are being iterated over already");
        s.busy = true;
    }
    Busy(const Busy &) = delete;
    Busy &operator=(const Busy &) = delete;
    ~Busy() { s_.busy = false; }

private:
    RowsState &s_;
};

PyObject *rows_next(PyObject *self) {
    RowsState &s = state(self);
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        Busy busy(s);
        if (s.row >= s.rows && !load_batch(s)) [[unlikely]] return nullptr;
        PyObject *made = make_row(s, s.row);
        s.row++;
        if (made) reinterpret_cast<RowsObject *>(self)->position++;
        return made;
    });
}

PyObject *rows_next_block(PyObject *self, PyObject *arg) {
    RowsState &s = state(self);
    const Py_ssize_t wanted = PyNumber_AsSsize_t(arg, PyExc_OverflowError);
    if (wanted == -1 && PyErr_Occurred()) return nullptr;
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (wanted < 1) throw std::invalid_argument("at least one row must be asked for");
        Busy busy(s);
        if (s.row >= s.rows && !load_batch(s)) return PyList_New(0);
        const Py_ssize_t n = static_cast<Py_ssize_t>(std::min<int64_t>(wanted, s.rows - s.row));
        Ref list(checked(PyList_New(n)));
        PyObject_GC_UnTrack(list.get());
        for (Py_ssize_t k = 0; k < n; k++) {
            PyObject *made = s.bare ? s.columns[0].get(s.row) : fill_new_tuple(s, s.row);
            s.row++;
            if (!made) return nullptr;
            PyList_SET_ITEM(list.get(), k, made);
        }
        PyObject_GC_Track(list.get());
        reinterpret_cast<RowsObject *>(self)->position += n;
        return list.release();
    });
}

PyObject *rows_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *names[] = {"batches", "types", "bare", nullptr};
    PyObject *batches, *types;
    int bare = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|p:Rows", const_cast<char **>(names), &batches, &types, &bare)) {
        return nullptr;
    }
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        RowsState s;
        Ref list(checked(PySequence_Fast(types, "types must be a sequence of column types")));
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(list.get());
        if (bare && n != 1) throw std::invalid_argument("bare values need exactly one column");
        s.bare = bare;
        s.atomic = true;
        for (Py_ssize_t k = 0; k < n; k++) {
            const ColumnType column = type_named(PySequence_Fast_GET_ITEM(list.get(), k));
            s.atomic = s.atomic && column.type != Type::Json && column.type != Type::Pickle;
            s.columns.emplace_back(column.type);
        }
        s.source = Ref(checked(PyObject_GetIter(batches)));
        PyObject *self = checked(type->tp_alloc(type, 0));
        new (&state(self)) RowsState(std::move(s));
        return self;
    });
}

int rows_traverse(PyObject *self, visitproc visit, void *arg) {
    RowsState &s = state(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(s.source.get());
    return 0;
}

int rows_clear(PyObject *self) {
    RowsState &s = state(self);
    s.source.reset();
    return 0;
}

void rows_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    state(self).~RowsState();
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef rows_methods[] = {
    {"next_block", rows_next_block, METH_O, "Return a list of the next rows, at most as many as given."},
    {},
};

PyMemberDef rows_members[] = {
    {"position", Py_T_PYSSIZET, offsetof(RowsObject, position), 0, "Rows handed out so far."},
    {},
};

PyType_Slot rows_slots[] = {
    {Py_tp_doc, const_cast<char *>("Iterator over the rows of record batches: tuples, or bare values.")},
    {Py_tp_new, reinterpret_cast<void *>(rows_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(rows_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(rows_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(rows_clear)},
    {Py_tp_iter, reinterpret_cast<void *>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void *>(rows_next)},
    {Py_tp_methods, rows_methods},
    {Py_tp_members, rows_members},
    {},
};

PyType_Spec rows_spec = {"accelerator._native.Rows", sizeof(RowsObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                         rows_slots};

}  // namespace

}  // namespace kernel

void bind_rows(nanobind::module_ &m) {
    try {
        kernel::add_type(m.ptr(), &kernel::rows_spec);
    } catch (const kernel::PythonError &) {
        throw nanobind::python_error();
    }
}
