// The kernel's Array type: an Arrow array that Python may take over any number of times, without copies.
#pragma once

#include "arrow_abi.h"
#include "python.h"

namespace kernel {

// Steals the column. A new reference, or a thrown error.
PyObject *make_array(arrow_abi::Column &&column);

void init_array(PyObject *module);

}  // namespace kernel
