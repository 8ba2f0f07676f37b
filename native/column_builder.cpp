#include "column_builder.h"

#include "array.h"
#include "hash.h"

#include <nanobind/nanobind.h>
#include <structmember.h>

#include <cstddef>

namespace kernel {

namespace {

PyTypeObject *builder_type = nullptr;

Builder &of(PyObject *self) { return *as_builder(self)->builder; }

PyObject *builder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *names[] = {"type", "none_support", "default", "name", "where", "sliceno", "slices", nullptr};
    PyObject *type_text, *standard = nullptr, *name = nullptr, *where = nullptr;
    int none_support = 0;
    long long sliceno = -1, slices = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|pOUU$LL:ColumnBuilder", const_cast<char **>(names), &type_text,
                                     &none_support, &standard, &name, &where, &sliceno, &slices)) {
        return nullptr;
    }
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        const ColumnType column = type_named(type_text);
        const bool always = column.type == Type::Json || column.type == Type::Pickle;
        if (slices < 0 || (slices && (sliceno < 0 || sliceno >= slices))) {
            throw std::invalid_argument("sliceno must be one of the slices");
        }
        if (slices && !has_hash(column.type)) {
            throw std::domain_error(std::string("a column of type ") + type_name(column.type) + " cannot be hashed");
        }
        auto builder = std::make_unique<Builder>(column, none_support || always);
        builder->none_support = none_support;
        builder->name = name ? Ref::borrow(name) : Ref(checked(PyUnicode_FromString("")));
        builder->where = where ? Ref::borrow(where) : Ref(checked(PyUnicode_FromString("")));
        if (standard && standard != imported("accelerator._unset", "UNSET")) builder->set_default(standard);
        PyObject *self = checked(type->tp_alloc(type, 0));
        as_builder(self)->builder = builder.release();
        as_builder(self)->sliceno = sliceno;
        as_builder(self)->slices = static_cast<uint64_t>(slices);
        return self;
    });
}

void builder_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    delete as_builder(self)->builder;
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject *builder_write(PyObject *self, PyObject *value) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        ColumnBuilderObject *object = as_builder(self);
        Builder &b = *object->builder;
        Cell cell;
        if (!b.prepare(value, cell)) return nullptr;
        if (object->closed) {
            PyErr_Format(imported("accelerator.error", "DatasetUsageError"),
                         "column %R of dataset %U: this slice has been closed, nothing more can be written to it",
                         b.name.get(), b.where.get());
            return nullptr;
        }
        if (object->slices) {
            if (!encode_text(cell)) return nullptr;
            if (hash_cell(b.type().type, cell) % object->slices != static_cast<uint64_t>(object->sliceno)) {
                Py_RETURN_FALSE;
            }
        }
        const int64_t before = b.pending();
        try {
            b.append(cell);
        } catch (...) {
            b.truncate(before);
            throw;
        }
        Py_RETURN_TRUE;
    });
}

PyObject *builder_hash(PyObject *self, PyObject *value) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        Builder &b = of(self);
        if (!has_hash(b.type().type)) {
            throw std::domain_error(std::string("a column of type ") + type_name(b.type().type) + " cannot be hashed");
        }
        Cell cell;
        if (!b.prepare(value, cell) || !encode_text(cell)) return nullptr;
        return PyLong_FromUnsignedLongLong(hash_cell(b.type().type, cell));
    });
}

PyObject *builder_take(PyObject *self, PyObject *) {
    return guarded<PyObject *>(nullptr, [&] { return make_array(of(self).take()); });
}

PyObject *builder_rollback(PyObject *self, PyObject *arg) {
    const long long count = PyLong_AsLongLong(arg);
    if (count == -1 && PyErr_Occurred()) return nullptr;
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        Builder &b = of(self);
        if (count > b.taken() + b.pending()) throw std::invalid_argument("not so many values have been written");
        if (count < b.counted()) throw std::invalid_argument("values that were taken or counted cannot be dropped");
        b.truncate(count - b.taken());
        Py_RETURN_NONE;
    });
}

PyObject *builder_close(PyObject *self, PyObject *) {
    as_builder(self)->closed = true;
    Py_RETURN_NONE;
}

PyMethodDef builder_methods[] = {
    {"write", builder_write, METH_O, "Store one value; return whether it belongs to this slice."},
    {"hash", builder_hash, METH_O, "Return the partition hash of what write(value) would store."},
    {"take", builder_take, METH_NOARGS, "Return the pending values as an Arrow array and go on empty."},
    {"rollback", builder_rollback, METH_O, "Drop values so that count is as given."},
    {"close", builder_close, METH_NOARGS, "Make all further writes raise."},
    {},
};

template <auto F> PyObject *getter(PyObject *self, void *) {
    return guarded<PyObject *>(nullptr, [&] { return F(of(self)); });
}

PyGetSetDef builder_attributes[] = {
    {"type", getter<[](Builder &b) { return PyUnicode_FromString(type_name(b.type().type)); }>, nullptr,
     "Stored column type.", nullptr},
    {"none_support", getter<[](Builder &b) { return PyBool_FromLong(b.none_support); }>, nullptr,
     "Whether None may be stored.", nullptr},
    {"name", getter<[](Builder &b) { return Py_NewRef(b.name.get()); }>, nullptr, "Column name.", nullptr},
    {"count", getter<[](Builder &b) { return PyLong_FromLongLong(b.taken() + b.pending()); }>, nullptr,
     "Values written so far.", nullptr},
    {"pending", getter<[](Builder &b) { return PyLong_FromLongLong(b.pending()); }>, nullptr, "Values not yet taken.",
     nullptr},
    {"nbytes", getter<[](Builder &b) { return PyLong_FromSize_t(b.nbytes()); }>, nullptr,
     "Approximate memory of the pending values.", nullptr},
    {"min", getter<[](Builder &b) { return b.extremes().min(); }>, nullptr, "Least value so far.", nullptr},
    {"max", getter<[](Builder &b) { return b.extremes().max(); }>, nullptr, "Greatest value so far.", nullptr},
    {"has_none", getter<[](Builder &b) { return PyBool_FromLong(b.has_none()); }>, nullptr,
     "Whether any None has been stored.", nullptr},
    {"layout", getter<[](Builder &b) { return PyUnicode_FromString(b.layout()); }>, nullptr,
     "Layout that the next take() will have.", nullptr},
    {},
};

PyType_Slot builder_slots[] = {
    {Py_tp_doc, const_cast<char *>("Values of one column on their way to Arrow arrays.")},
    {Py_tp_new, reinterpret_cast<void *>(builder_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(builder_dealloc)},
    {Py_tp_methods, builder_methods},
    {Py_tp_getset, builder_attributes},
    {},
};

PyType_Spec builder_spec = {"accelerator._native.ColumnBuilder", sizeof(ColumnBuilderObject), 0, Py_TPFLAGS_DEFAULT,
                            builder_slots};

}  // namespace

bool is_column_builder(PyObject *object) { return Py_IS_TYPE(object, builder_type); }

void init_column_builder(PyObject *module) { builder_type = add_type(module, &builder_spec); }

}  // namespace kernel

void bind_builder(nanobind::module_ &m) {
    try {
        kernel::init_column_builder(m.ptr());
        kernel::init_row_writers(m.ptr());
    } catch (const kernel::PythonError &) {
        throw nanobind::python_error();
    }
}
