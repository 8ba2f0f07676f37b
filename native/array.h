// The kernel's Array type: an Arrow array that Python may take over any number of times, without copies.
#pragma once

#include "arrow_abi.h"
#include "python.h"

namespace kernel {

// A column of values of so many bytes, none of them null, to be filled in.
arrow_abi::Column fixed_column(const char *format, int64_t rows, size_t width);

// Steals the column. A new reference, or a thrown error.
PyObject *make_array(arrow_abi::Column &&column);

void init_array(PyObject *module);

}  // namespace kernel
