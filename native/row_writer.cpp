// Rows: RowWriter stores them in the builders of one slice, SplitWriter gives each to the RowWriter of its slice.
#include "column_builder.h"
#include "hash.h"

#include <structmember.h>

#include <cstddef>
#include <memory>
#include <vector>

#ifndef Py_T_BOOL
#define Py_T_BOOL T_BOOL  // its name before 3.12
#endif

namespace kernel {

namespace {

// How one row arrives; the three write functions differ in nothing else.
enum class Form { Arguments, List, Dict };

struct Given {
    Form form;
    PyObject *const *args;
    Py_ssize_t nargs;
    PyObject *names;  // keyword names, or null
};

// Looking for plain rows in vain costs a little; where they are rare it is left.
constexpr int kMostOdd = 1000;

struct WriterState {
    std::vector<Ref> keep;            // the ColumnBuilder objects
    std::vector<Builder *> columns;
    std::vector<Ref> names, keys;     // str
    Ref last_names;                   // the keyword names of the last call, and where each goes
    std::vector<Py_ssize_t> last_order;
    Py_ssize_t hash_index = -1;
    uint64_t sliceno = 0, slices = 0;
    int64_t limit_rows = 0, limit_bytes = 0;
    std::vector<Builder *> texts;     // columns whose values may be long
    size_t next_look = 0;             // bytes of text at which to look at nbytes again
    int64_t count = 0;
    int odd = kMostOdd;               // how many more rows may turn out not to be plain before we stop looking
    Ref on_full, error;
    bool closed = false;
};

struct WriterObject {
    PyObject_HEAD
    WriterState s;
    char discard;
};

struct SplitState {
    std::vector<Ref> keep;
    std::vector<WriterObject *> rows;
    Py_ssize_t hash_index = -1;
    size_t turn = 0;
};

struct SplitObject {
    PyObject_HEAD
    SplitState s;
};

PyTypeObject *writer_type = nullptr;

WriterObject *as_writer(PyObject *self) { return reinterpret_cast<WriterObject *>(self); }

// An array of n objects, on the stack if they are few.
template <class T> class Scratch {
public:
    explicit Scratch(size_t n) : n_(n), data_(n > kFew ? static_cast<T *>(::operator new(n * sizeof(T))) : stack()) {
        for (size_t k = 0; k < n_; k++) new (data_ + k) T();
    }
    Scratch(const Scratch &) = delete;
    Scratch &operator=(const Scratch &) = delete;
    ~Scratch() {
        for (size_t k = 0; k < n_; k++) data_[k].~T();
        if (n_ > kFew) ::operator delete(data_);
    }
    T *data() { return data_; }

private:
    static constexpr size_t kFew = 16;
    T *stack() { return reinterpret_cast<T *>(raw_); }

    size_t n_;
    T *data_;
    alignas(T) unsigned char raw_[kFew * sizeof(T)];
};

[[noreturn]] void raise_arity(const WriterState &s, Py_ssize_t got) {
    PyErr_Format(PyExc_TypeError, "a row of %zd values is needed (%zd given)", static_cast<Py_ssize_t>(s.columns.size()),
                 got);
    throw PythonError();
}

// Where each keyword goes. The names of a call in the user's source are one tuple, call after call.
const std::vector<Py_ssize_t> &keyword_order(WriterState &s, PyObject *names, Py_ssize_t positional) {
    if (s.last_names.get() == names && !s.last_order.empty() && s.last_order[0] == positional) return s.last_order;
    const auto n = static_cast<Py_ssize_t>(s.columns.size());
    std::vector<Py_ssize_t> order{positional};
    std::vector<bool> given(static_cast<size_t>(n));
    for (Py_ssize_t k = 0; k < positional; k++) given[static_cast<size_t>(k)] = true;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); k++) {
        PyObject *name = PyTuple_GET_ITEM(names, k);
        Py_ssize_t at = 0;
        while (at < n && PyUnicode_Compare(s.names[static_cast<size_t>(at)].get(), name) != 0) at++;
        if (at == n) {
            PyErr_Format(PyExc_TypeError, "there is no column with the argument name %R", name);
            throw PythonError();
        }
        if (given[static_cast<size_t>(at)]) {
            PyErr_Format(PyExc_TypeError, "more than one value for the argument %R", name);
            throw PythonError();
        }
        given[static_cast<size_t>(at)] = true;
        order.push_back(at);
    }
    s.last_names = Ref::borrow(names);
    s.last_order = std::move(order);
    return s.last_order;
}

// The values of a row in column order. `held` keeps those alive that come out of a container: converting one value
// may run Python code that changes it.
PyObject *const *row_values(WriterState &s, const Given &given, PyObject **values, Ref *held) {
    const auto n = static_cast<Py_ssize_t>(s.columns.size());
    if (given.form == Form::Arguments) {
        const Py_ssize_t named = given.names ? PyTuple_GET_SIZE(given.names) : 0;
        if (given.nargs + named != n) raise_arity(s, given.nargs + named);
        if (!named) return given.args;
        const auto &order = keyword_order(s, given.names, given.nargs);
        for (Py_ssize_t k = 0; k < given.nargs; k++) values[k] = given.args[k];
        for (Py_ssize_t k = 0; k < named; k++) values[order[static_cast<size_t>(k) + 1]] = given.args[given.nargs + k];
        return values;
    }
    PyObject *source = given.args[0];
    const bool tuple = PyTuple_CheckExact(source), list = PyList_CheckExact(source), dict = PyDict_CheckExact(source);
    for (Py_ssize_t k = 0; k < n; k++) {
        PyObject *value = nullptr;
        if (given.form == Form::List) {
            if (tuple || list) {
                if (k >= Py_SIZE(source)) {
                    PyErr_Format(PyExc_IndexError, "a row of %zd values is needed (%zd given)", n, Py_SIZE(source));
                    throw PythonError();
                }
                value = Py_NewRef(tuple ? PyTuple_GET_ITEM(source, k) : PyList_GET_ITEM(source, k));
            } else {
                Ref index(checked(PyLong_FromSsize_t(k)));
                value = PyObject_GetItem(source, index.get());
            }
        } else {
            PyObject *key = s.keys[static_cast<size_t>(k)].get();
            if (dict) {
                value = Py_XNewRef(PyDict_GetItemWithError(source, key));
                if (!value && !PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
            } else {
                value = PyObject_GetItem(source, key);
            }
        }
        held[k] = Ref(checked(value));
        values[k] = value;
    }
    return values;
}

// The values of a row where they lie in column order already, else null.
PyObject *const *row_as_given(const WriterState &s, const Given &given) {
    const auto n = static_cast<Py_ssize_t>(s.columns.size());
    if (given.form == Form::Arguments) return given.names || given.nargs != n ? nullptr : given.args;
    PyObject *source = given.args[0];
    if (given.form == Form::Dict || !(PyTuple_CheckExact(source) || PyList_CheckExact(source))) return nullptr;
    return Py_SIZE(source) < n ? nullptr : PySequence_Fast_ITEMS(source);
}

void check_open(WriterState &s) {
    if (!s.closed) [[likely]] return;
    const Builder *first = s.columns.empty() ? nullptr : s.columns[0];
    PyErr_Format(s.error.get(), "dataset %S: this slice has been closed, nothing more can be written to it",
                 first ? first->where.get() : Py_None);
    throw PythonError();
}

uint64_t cell_hash(Builder &builder, Cell &cell) {
    if (!encode_text(cell)) throw PythonError();
    return hash_cell(builder.type().type, cell);
}

// Takes back what a row has stored so far: `done` columns whole, and perhaps part of the next one.
void undo_row(WriterState &s, size_t done) noexcept {
    for (size_t k = 0; k <= done && k < s.columns.size(); k++) {
        s.columns[k]->truncate(s.columns[k]->pending() - (k < done));
    }
}

bool holds_limit(WriterState &s) {
    size_t text = 0;
    for (const Builder *column : s.texts) text += column->text_bytes();
    if (text < s.next_look) [[likely]] return false;
    const auto limit = static_cast<size_t>(s.limit_bytes);
    size_t bytes = 0;
    for (const Builder *column : s.columns) bytes += column->nbytes();
    // A look now and then is enough, nbytes goes over all columns; near the end each row may be the last that fits.
    s.next_look = text + (bytes > limit / 4 * 3 ? 1 : limit / 4);
    return bytes >= limit;
}

void write_if_full(WriterState &s) {
    if (!s.on_full) return;
    if (s.columns[0]->pending() < s.limit_rows && (s.texts.empty() || !holds_limit(s))) [[likely]] return;
    s.next_look = static_cast<size_t>(s.limit_bytes / 4);
    Ref(checked(PyObject_CallNoArgs(s.on_full.get())));
}

// A row of nothing but plain values goes straight into the builders; they run no Python code, so nothing can come
// between. False if there is another value; nothing is stored then.
bool store_plain_row(WriterState &s, PyObject *const *row) {
    const size_t n = s.columns.size();
    size_t done = 0;
    try {
        while (done < n && s.columns[done]->append_plain(row[done])) done++;
    } catch (...) {
        undo_row(s, done);
        throw;
    }
    if (done < n) {
        undo_row(s, done);
        s.odd--;
        return false;
    }
    s.count++;
    write_if_full(s);
    return true;
}

// All cells are ready: from here on nothing runs Python code until the row is whole.
void store_row(WriterObject *self, const Cell *cells, size_t n) {
    WriterState &s = self->s;
    check_open(s);
    size_t done = 0;
    try {
        for (; done < n; done++) s.columns[done]->append(cells[done]);
    } catch (...) {
        undo_row(s, done);
        throw;
    }
    s.count++;
    write_if_full(s);
}

void write_row(WriterObject *self, const Given &given) {
    WriterState &s = self->s;
    check_open(s);
    if (s.odd > 0) {
        PyObject *const *plain = row_as_given(s, given);
        if (plain && store_plain_row(s, plain)) return;
    }
    const size_t n = s.columns.size();
    Scratch<PyObject *> values(n);
    Scratch<Ref> held(given.form == Form::Arguments ? 0 : n);
    Scratch<Cell> cells(n);
    PyObject *const *row = row_values(s, given, values.data(), held.data());
    const auto hash_index = static_cast<size_t>(s.hash_index);
    if (s.hash_index >= 0) {  // first: a row that is dropped is not looked at any further
        Cell &cell = cells.data()[hash_index];
        if (!s.columns[hash_index]->prepare(row[hash_index], cell)) throw PythonError();
        const uint64_t slice = cell_hash(*s.columns[hash_index], cell) % s.slices;
        if (slice != s.sliceno) {
            if (self->discard) return;
            PyErr_Format(s.error.get(), "value %R of hash column %R belongs in slice %llu, not %llu (dataset %U)",
                         row[hash_index], s.columns[hash_index]->name.get(), static_cast<unsigned long long>(slice),
                         static_cast<unsigned long long>(s.sliceno), s.columns[hash_index]->where.get());
            throw PythonError();
        }
    }
    for (size_t k = 0; k < n; k++) {
        if (s.hash_index >= 0 && k == hash_index) continue;
        if (!s.columns[k]->prepare(row[k], cells.data()[k])) throw PythonError();
    }
    store_row(self, cells.data(), n);
}

void split_row(SplitState &s, const Given &given) {
    WriterState &first = s.rows[0]->s;
    const size_t n = first.columns.size();
    if (s.hash_index < 0) {
        write_row(s.rows[s.turn], given);
        s.turn = (s.turn + 1) % s.rows.size();
        return;
    }
    check_open(first);
    Scratch<PyObject *> values(n);
    Scratch<Ref> held(given.form == Form::Arguments ? 0 : n);
    Scratch<Cell> cells(n);
    PyObject *const *row = row_values(first, given, values.data(), held.data());
    const auto hash_index = static_cast<size_t>(s.hash_index);
    Cell &hashed = cells.data()[hash_index];
    if (!first.columns[hash_index]->prepare(row[hash_index], hashed)) throw PythonError();
    WriterObject *target = s.rows[cell_hash(*first.columns[hash_index], hashed) % s.rows.size()];
    for (size_t k = 0; k < n; k++) {
        if (k != hash_index && !target->s.columns[k]->prepare(row[k], cells.data()[k])) throw PythonError();
    }
    store_row(target, cells.data(), n);
}

// ---- the Python types ----

template <Form form> PyObject *writer_write(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        write_row(as_writer(self), {form, args, nargs, names});
        Py_RETURN_NONE;
    });
}

template <Form form> PyObject *writer_write_one(PyObject *self, PyObject *source) {
    return writer_write<form>(self, &source, 1, nullptr);
}

template <Form form> PyObject *split_write(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        split_row(reinterpret_cast<SplitObject *>(self)->s, {form, args, nargs, names});
        Py_RETURN_NONE;
    });
}

template <Form form> PyObject *split_write_one(PyObject *self, PyObject *source) {
    return split_write<form>(self, &source, 1, nullptr);
}

PyObject *writer_hashcheck(PyObject *self, PyObject *value) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        WriterState &s = as_writer(self)->s;
        if (s.hash_index < 0) {
            PyErr_SetString(PyExc_AttributeError, "hashcheck needs a hash column");
            return nullptr;
        }
        Builder &column = *s.columns[static_cast<size_t>(s.hash_index)];
        Cell cell;
        if (!column.prepare(value, cell)) return nullptr;
        return PyBool_FromLong(cell_hash(column, cell) % s.slices == s.sliceno);
    });
}

PyObject *writer_close(PyObject *self, PyObject *) {
    WriterState &s = as_writer(self)->s;
    s.closed = true;
    for (const Ref &column : s.keep) as_builder(column.get())->closed = true;
    Py_RETURN_NONE;
}

void strings_of(PyObject *sequence, std::vector<Ref> &out, size_t wanted, const char *what) {
    Ref list(checked(PySequence_Fast(sequence, what)));
    if (static_cast<size_t>(PySequence_Fast_GET_SIZE(list.get())) != wanted) {
        throw std::invalid_argument(std::string(what) + ": one a column is needed");
    }
    for (size_t k = 0; k < wanted; k++) {
        PyObject *item = PySequence_Fast_GET_ITEM(list.get(), static_cast<Py_ssize_t>(k));
        if (!PyUnicode_Check(item)) throw std::domain_error(std::string(what) + " must be str");
        out.push_back(Ref::borrow(item));
    }
}

PyObject *writer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *words[] = {"columns",    "names",       "keys",    "hash_index", "sliceno", "slices", "discard",
                                  "limit_rows", "limit_bytes", "on_full", "error",      nullptr};
    PyObject *columns, *names, *keys = Py_None, *on_full = Py_None, *error = nullptr;
    long long hash_index = -1, sliceno = -1, slices = 0, limit_rows = 131072, limit_bytes = 64 << 20;
    int discard = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OLLLpLLOO:RowWriter", const_cast<char **>(words), &columns,
                                     &names, &keys, &hash_index, &sliceno, &slices, &discard, &limit_rows, &limit_bytes,
                                     &on_full, &error)) {
        return nullptr;
    }
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        WriterState s;
        Ref list(checked(PySequence_Fast(columns, "columns must be a sequence of ColumnBuilder")));
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(list.get());
        if (!n) throw std::invalid_argument("at least one column is needed");
        for (Py_ssize_t k = 0; k < n; k++) {
            PyObject *item = PySequence_Fast_GET_ITEM(list.get(), k);
            if (!is_column_builder(item)) throw std::domain_error("columns must be a sequence of ColumnBuilder");
            s.keep.push_back(Ref::borrow(item));
            s.columns.push_back(as_builder(item)->builder);
        }
        strings_of(names, s.names, s.columns.size(), "names");
        if (keys != Py_None) strings_of(keys, s.keys, s.columns.size(), "keys");
        else for (Builder *column : s.columns) s.keys.push_back(Ref::borrow(column->name.get()));
        if (hash_index < -1 || hash_index >= n) throw std::invalid_argument("hash_index must be one of the columns");
        if (hash_index >= 0) {
            const Type hashed = s.columns[static_cast<size_t>(hash_index)]->type().type;
            if (!has_hash(hashed)) {
                throw std::domain_error(std::string("a column of type ") + type_name(hashed) + " cannot be hashed");
            }
            if (slices < 1 || sliceno < 0 || sliceno >= slices) {
                throw std::invalid_argument("sliceno must be one of the slices");
            }
        }
        for (Builder *column : s.columns) {
            if (is_text(column->type().type)) s.texts.push_back(column);
            if (!has_plain_cells(column->type())) s.odd = 0;
        }
        if (hash_index >= 0) s.odd = 0;  // rows of other slices must be told apart first
        if (limit_rows < 1 || limit_bytes < 1) throw std::invalid_argument("limits must be positive");
        s.hash_index = static_cast<Py_ssize_t>(hash_index);
        s.sliceno = static_cast<uint64_t>(sliceno);
        s.slices = static_cast<uint64_t>(slices);
        s.limit_rows = limit_rows;
        s.limit_bytes = limit_bytes;
        s.next_look = static_cast<size_t>(limit_bytes / 4);
        if (on_full != Py_None) s.on_full = Ref::borrow(on_full);
        s.error = Ref::borrow(error ? error : imported("accelerator.error", "DatasetUsageError"));
        PyObject *self = checked(type->tp_alloc(type, 0));
        new (&as_writer(self)->s) WriterState(std::move(s));
        as_writer(self)->discard = static_cast<char>(discard);
        return self;
    });
}

int writer_traverse(PyObject *self, visitproc visit, void *arg) {
    WriterState &s = as_writer(self)->s;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(s.on_full.get());
    Py_VISIT(s.error.get());
    return 0;
}

int writer_clear(PyObject *self) {
    as_writer(self)->s.on_full.reset();
    return 0;
}

void writer_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    as_writer(self)->s.~WriterState();
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject *split_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *words[] = {"rows", "hash_index", nullptr};
    PyObject *rows;
    long long hash_index = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$L:SplitWriter", const_cast<char **>(words), &rows, &hash_index)) {
        return nullptr;
    }
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        SplitState s;
        Ref list(checked(PySequence_Fast(rows, "rows must be a sequence of RowWriter")));
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(list.get());
        if (!n) throw std::invalid_argument("at least one slice is needed");
        for (Py_ssize_t k = 0; k < n; k++) {
            PyObject *item = PySequence_Fast_GET_ITEM(list.get(), k);
            if (!Py_IS_TYPE(item, writer_type)) throw std::domain_error("rows must be a sequence of RowWriter");
            s.keep.push_back(Ref::borrow(item));
            s.rows.push_back(as_writer(item));
            const auto &mine = s.rows.back()->s.columns, &first = s.rows[0]->s.columns;
            bool alike = mine.size() == first.size();
            for (size_t c = 0; alike && c < mine.size(); c++) {
                alike = mine[c]->type().type == first[c]->type().type && mine[c]->type().parsed == first[c]->type().parsed;
            }
            if (!alike) throw std::invalid_argument("all slices must have the same column types");
        }
        const auto &columns = s.rows[0]->s.columns;
        if (hash_index < -1 || hash_index >= static_cast<long long>(columns.size())) {
            throw std::invalid_argument("hash_index must be one of the columns");
        }
        if (hash_index >= 0 && !has_hash(columns[static_cast<size_t>(hash_index)]->type().type)) {
            throw std::domain_error("a column of this type cannot be hashed");
        }
        s.hash_index = static_cast<Py_ssize_t>(hash_index);
        PyObject *self = checked(type->tp_alloc(type, 0));
        new (&reinterpret_cast<SplitObject *>(self)->s) SplitState(std::move(s));
        return self;
    });
}

int split_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    for (const Ref &row : reinterpret_cast<SplitObject *>(self)->s.keep) Py_VISIT(row.get());
    return 0;
}

void split_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    reinterpret_cast<SplitObject *>(self)->s.~SplitState();
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject *split_turn(PyObject *self, void *) {
    return PyLong_FromSize_t(reinterpret_cast<SplitObject *>(self)->s.turn);
}

int split_set_turn(PyObject *self, PyObject *value, void *) {
    SplitState &s = reinterpret_cast<SplitObject *>(self)->s;
    const size_t turn = value ? PyLong_AsSize_t(value) : s.rows.size();
    if (turn == static_cast<size_t>(-1) && PyErr_Occurred()) return -1;
    if (turn >= s.rows.size()) {
        PyErr_SetString(PyExc_ValueError, "turn must be one of the slices");
        return -1;
    }
    s.turn = turn;
    return 0;
}

template <class F> PyCFunction fast(F f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)); }

PyMethodDef writer_methods[] = {
    {"write", fast(writer_write<Form::Arguments>), METH_FASTCALL | METH_KEYWORDS, "Store one row."},
    {"write_list", writer_write_one<Form::List>, METH_O, "Store one row from anything indexable."},
    {"write_dict", writer_write_one<Form::Dict>, METH_O, "Store one row by column name."},
    {"hashcheck", writer_hashcheck, METH_O, "Return whether a value of the hash column belongs in this slice."},
    {"close", writer_close, METH_NOARGS, "Make all further writes raise."},
    {},
};

PyMethodDef split_methods[] = {
    {"write", fast(split_write<Form::Arguments>), METH_FASTCALL | METH_KEYWORDS, "Store one row in its slice."},
    {"write_list", split_write_one<Form::List>, METH_O, "Store one row from anything indexable in its slice."},
    {"write_dict", split_write_one<Form::Dict>, METH_O, "Store one row by column name in its slice."},
    {},
};

PyMemberDef writer_members[] = {
    {"discard", Py_T_BOOL, offsetof(WriterObject, discard), 0, "Whether rows of other slices are silently dropped."},
    {},
};

PyGetSetDef writer_attributes[] = {
    {"count", [](PyObject *self, void *) { return PyLong_FromLongLong(as_writer(self)->s.count); }, nullptr,
     "Rows stored through this object.", nullptr},
    {"closed", [](PyObject *self, void *) { return PyBool_FromLong(as_writer(self)->s.closed); }, nullptr,
     "Whether close() has been called.", nullptr},
    {},
};

PyGetSetDef split_attributes[] = {
    {"turn", split_turn, split_set_turn, "Slice of the next row, where rows go to the slices in turn.", nullptr},
    {},
};

PyType_Slot writer_slots[] = {
    {Py_tp_doc, const_cast<char *>("Rows of one slice, written to the builders of its columns.")},
    {Py_tp_new, reinterpret_cast<void *>(writer_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(writer_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(writer_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(writer_clear)},
    {Py_tp_methods, writer_methods},
    {Py_tp_members, writer_members},
    {Py_tp_getset, writer_attributes},
    {},
};

PyType_Slot split_slots[] = {
    {Py_tp_doc, const_cast<char *>("Rows spread over all slices: by hash, or in turn starting at slice 0.")},
    {Py_tp_new, reinterpret_cast<void *>(split_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(split_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(split_traverse)},
    {Py_tp_methods, split_methods},
    {Py_tp_getset, split_attributes},
    {},
};

PyType_Spec writer_spec = {"accelerator._native.RowWriter", sizeof(WriterObject), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, writer_slots};
PyType_Spec split_spec = {"accelerator._native.SplitWriter", sizeof(SplitObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, split_slots};

}  // namespace

void init_row_writers(PyObject *module) {
    writer_type = add_type(module, &writer_spec);
    add_type(module, &split_spec);
}

}  // namespace kernel
