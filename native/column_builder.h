// The Python type ColumnBuilder around a Builder.
#pragma once

#include "builder.h"

namespace kernel {

struct ColumnBuilderObject {
    PyObject_HEAD
    Builder *builder;
    int64_t sliceno;
    uint64_t slices;  // 0: write() takes every value
    bool closed;
};

bool is_column_builder(PyObject *object);

inline ColumnBuilderObject *as_builder(PyObject *object) { return reinterpret_cast<ColumnBuilderObject *>(object); }

void init_column_builder(PyObject *module);
void init_row_writers(PyObject *module);

}  // namespace kernel
