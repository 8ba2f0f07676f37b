// JSON text of the values that JSON itself has, without the detour over Python's encoder.
#pragma once

#include "python.h"

#include <string>

namespace kernel {

// Appends what json.dumps(value, ensure_ascii=False, separators=(",", ":")) returns, in UTF-8. False without an error
// set for what it leaves to Python: subclasses, keys that are not str, deep nesting, and everything that is an error.
// Runs no Python code.
bool append_json(PyObject *value, std::string &out);

}  // namespace kernel
