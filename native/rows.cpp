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

// Rows are left out in which the value of a column is not true, or what a function says of it.
struct Filter {
    size_t column;
    Ref function;  // null: the value itself
};

struct RowsState {
    Ref source;   // iterator of batches; null at the end
    std::vector<ColumnReader> columns;
    std::vector<Filter> filters;     // at most one of each column
    std::vector<size_t> unfiltered;  // the other columns
    Taken batch;  // what the columns read from
    int64_t row = 0, rows = 0;
    Ref tuples[2];  // the tuples handed out last, used again if nobody else has kept them
    unsigned turn = 0;
    bool bare = false;
    bool atomic = false;  // no value can be part of a reference cycle, or runs Python code when it is made
    bool quick = false;   // bare and atomic: a row is nothing but its value
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

// A tuple that nobody else has. Its items are null or old values: nobody may see it before all are set.
Ref free_tuple(RowsState &s, bool recycle) {
    const auto n = static_cast<Py_ssize_t>(s.columns.size());
    Ref *older = kRecycle && recycle && s.atomic && n ? &s.tuples[s.turn] : nullptr;
    if (older && *older && Py_REFCNT(older->get()) == 1) {
#if PY_VERSION_HEX >= 0x030E0000
        reinterpret_cast<PyTupleObject *>(older->get())->ob_hash = -1;  // tuples remember their hash from 3.14 on
#endif
        return Ref::borrow(older->get());
    }
    Ref made(checked(PyTuple_New(n)));
    if (n) PyObject_GC_UnTrack(made.get());  // atomic values need no collector; others see a whole tuple only
    if (older) *older = Ref::borrow(made.get());
    return made;
}

PyObject *set_item(PyObject *&item, ColumnReader &column, int64_t row) {
    PyObject *old = std::exchange(item, nullptr);
    Py_XDECREF(old);  // first, so that it can become the new one
    return item = checked(column.get(row));
}

bool passes(const Filter &filter, PyObject *value) {
    Ref verdict;
    if (filter.function) {
        const Ref held = Ref::borrow(value);
        verdict = Ref(checked(PyObject_CallOneArg(filter.function.get(), value)));
        value = verdict.get();
    }
    const int truth = PyObject_IsTrue(value);
    if (truth < 0) throw PythonError();
    return truth;
}

// The row as a tuple; null, without an error, if a filter leaves it out: then only the values that filters asked for
// have been made.
PyObject *make_tuple(RowsState &s, int64_t row, bool recycle) {
    Ref tuple = free_tuple(s, recycle);
    PyObject **items = reinterpret_cast<PyTupleObject *>(tuple.get())->ob_item;
    ColumnReader *columns = s.columns.data();
    const size_t n = s.columns.size();
    for (const Filter &filter : s.filters) {
        if (!passes(filter, set_item(items[filter.column], columns[filter.column], row))) return nullptr;
    }
    if (s.filters.empty()) {
        for (size_t k = 0; k < n; k++) set_item(items[k], columns[k], row);
    } else {
        for (const size_t k : s.unfiltered) set_item(items[k], columns[k], row);
    }
    if (!s.atomic && n) PyObject_GC_Track(tuple.get());
    s.turn ^= 1;
    return tuple.release();
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

// Apart from rows_next, whose usual path is short: it would have to save registers for this.
[[gnu::noinline]] PyObject *next_of_any(PyObject *self) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        RowsState &s = state(self);
        Busy busy(s);
        while (s.row < s.rows || load_batch(s)) {
            reinterpret_cast<RowsObject *>(self)->position++;  // the row is this one, also when it fails
            const int64_t row = s.row++;
            if (s.bare) return s.columns[0].get(row);
            if (PyObject *made = make_tuple(s, row, true)) return made;
        }
        return nullptr;
    });
}

PyObject *rows_next(PyObject *self) {
    RowsState &s = state(self);
    if (!s.quick || s.row >= s.rows) [[unlikely]] return next_of_any(self);
    reinterpret_cast<RowsObject *>(self)->position++;
    return s.columns[0].get(s.row++);
}

PyObject *rows_next_block(PyObject *self, PyObject *arg) {
    RowsState &s = state(self);
    const Py_ssize_t wanted = PyNumber_AsSsize_t(arg, PyExc_OverflowError);
    if (wanted == -1 && PyErr_Occurred()) return nullptr;
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (wanted < 1) throw std::invalid_argument("at least one row must be asked for");
        if (!s.filters.empty()) throw std::invalid_argument("rows that are filtered come one at a time");
        Busy busy(s);
        if (s.row >= s.rows && !load_batch(s)) return PyList_New(0);
        const Py_ssize_t n = static_cast<Py_ssize_t>(std::min<int64_t>(wanted, s.rows - s.row));
        Ref list(checked(PyList_New(n)));
        PyObject_GC_UnTrack(list.get());
        for (Py_ssize_t k = 0; k < n; k++) {
            const int64_t row = s.row++;
            PyList_SET_ITEM(list.get(), k, s.bare ? checked(s.columns[0].get(row)) : make_tuple(s, row, false));
        }
        PyObject_GC_Track(list.get());
        reinterpret_cast<RowsObject *>(self)->position += n;
        return list.release();
    });
}

// From a dict of functions, or None, by number of the column.
void add_filters(RowsState &s, PyObject *filters) {
    PyObject *key, *function;
    for (Py_ssize_t k = 0; PyDict_Next(filters, &k, &key, &function);) {
        const size_t column = PyLong_AsSize_t(key);
        if (column == static_cast<size_t>(-1) && PyErr_Occurred()) throw PythonError();
        if (column >= s.columns.size() || s.bare) throw std::invalid_argument("filters are of columns of tuples");
        s.filters.push_back({column, function == Py_None ? Ref() : Ref::borrow(function)});
    }
}

PyObject *rows_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *names[] = {"batches", "types", "bare", "filters", nullptr};
    PyObject *batches, *types, *filters = nullptr;
    int bare = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|pO!:Rows", const_cast<char **>(names), &batches, &types, &bare,
                                     &PyDict_Type, &filters)) {
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
        s.quick = s.bare && s.atomic;
        if (filters) add_filters(s, filters);
        for (size_t k = 0; k < s.columns.size(); k++) {
            const auto is_it = [&](const Filter &filter) { return filter.column == k; };
            if (std::none_of(s.filters.begin(), s.filters.end(), is_it)) s.unfiltered.push_back(k);
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
    for (const Filter &filter : s.filters) Py_VISIT(filter.function.get());
    return 0;
}

int rows_clear(PyObject *self) {
    RowsState &s = state(self);
    s.source.reset();
    for (Filter &filter : s.filters) filter.function.reset();
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
    {"position", Py_T_PYSSIZET, offsetof(RowsObject, position), 0, "Rows come to so far."},
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
