#include "array.h"

namespace kernel {

namespace {

using arrow_abi::Column;

struct ArrayObject {
    PyObject_HEAD
    std::shared_ptr<const Column> column;
};

PyTypeObject *array_type = nullptr;

// One exported view: keeps the shared column alive, and holds the pointers that ArrowArray wants in tables.
struct View {
    std::shared_ptr<const Column> root;
    std::vector<const void *> buffers;
    std::vector<std::unique_ptr<ArrowArray>> children;
    std::vector<ArrowArray *> child_pointers;
};

void release_view(ArrowArray *array) {
    std::unique_ptr<View> view(static_cast<View *>(array->private_data));
    for (auto &child : view->children) {
        if (child->release) child->release(child.get());
    }
    array->release = nullptr;
}

void fill(const std::shared_ptr<const Column> &root, const Column &column, ArrowArray *out) {
    static const uint64_t nothing[8] = {};  // a legal address for buffers of no bytes
    auto view = std::make_unique<View>();
    view->root = root;
    for (size_t k = 0; k < column.buffers.size(); k++) {
        const void *data = column.buffers[k].data();
        view->buffers.push_back(k == 0 && column.null_count == 0 ? nullptr : data ? data : nothing);
    }
    for (const Column &child : column.children) {
        auto array = std::make_unique<ArrowArray>();
        array->release = nullptr;
        fill(root, child, array.get());
        view->child_pointers.push_back(array.get());
        view->children.push_back(std::move(array));
    }
    out->length = column.length;
    out->null_count = column.null_count;
    out->offset = 0;
    out->n_buffers = static_cast<int64_t>(view->buffers.size());
    out->n_children = static_cast<int64_t>(view->children.size());
    out->buffers = view->buffers.data();
    out->children = view->child_pointers.data();
    out->dictionary = nullptr;
    out->release = release_view;
    out->private_data = view.release();
}

PyObject *export_schema(const Column &column) {
    auto schema = std::make_unique<ArrowSchema>();
    schema->release = nullptr;
    arrow_abi::to_schema(column, schema.get());
    nanobind::object capsule = arrow_abi::schema_capsule(schema.release());
    return capsule.release().ptr();
}

PyObject *array_c_schema(PyObject *self, PyObject *) {
    return guarded<PyObject *>(nullptr, [&] { return export_schema(*reinterpret_cast<ArrayObject *>(self)->column); });
}

PyObject *array_c_array(PyObject *self, PyObject *const *, Py_ssize_t, PyObject *) {
    return guarded<PyObject *>(nullptr, [&] {
        const auto &column = reinterpret_cast<ArrayObject *>(self)->column;
        Ref schema(export_schema(*column));
        auto array = std::make_unique<ArrowArray>();
        fill(column, *column, array.get());
        nanobind::object capsule = arrow_abi::array_capsule(array.release());
        return PyTuple_Pack(2, schema.get(), capsule.ptr());
    });
}

Py_ssize_t array_length(PyObject *self) {
    return static_cast<Py_ssize_t>(reinterpret_cast<ArrayObject *>(self)->column->length);
}

void array_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    reinterpret_cast<ArrayObject *>(self)->column.~shared_ptr();
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef array_methods[] = {
    {"__arrow_c_schema__", array_c_schema, METH_NOARGS, "Return the Arrow type as a capsule."},
    // A requested schema is a wish that an exporter may leave unfulfilled: the arguments are not looked at.
    {"__arrow_c_array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_c_array)),
     METH_FASTCALL | METH_KEYWORDS, "Return the array as a pair of capsules, schema and array."},
    {},
};

PyType_Slot array_slots[] = {
    {Py_tp_doc, const_cast<char *>("An Arrow array made by the kernel; may be exported any number of times.")},
    {Py_tp_dealloc, reinterpret_cast<void *>(array_dealloc)},
    {Py_tp_methods, array_methods},
    {Py_sq_length, reinterpret_cast<void *>(array_length)},
    {},
};

PyType_Spec array_spec = {"accelerator._native.Array", sizeof(ArrayObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, array_slots};

}  // namespace

Column fixed_column(const char *format, int64_t rows, size_t width) {
    Column column;
    column.format = format;
    column.nullable = false;
    column.length = rows;
    column.buffers.resize(2);
    column.buffers[1].resize(static_cast<size_t>(rows) * width);
    return column;
}

PyObject *make_array(Column &&column) {
    auto shared = std::make_shared<const Column>(std::move(column));
    auto *self = reinterpret_cast<ArrayObject *>(checked(array_type->tp_alloc(array_type, 0)));
    new (&self->column) std::shared_ptr<const Column>(std::move(shared));
    return reinterpret_cast<PyObject *>(self);
}

void init_array(PyObject *module) { array_type = add_type(module, &array_spec); }

}  // namespace kernel
