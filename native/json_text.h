// JSON text of the values that JSON itself has, without the detour over Python's encoder.
#pragma once

#include "python.h"

#include <string>
#include <string_view>

namespace kernel {

// Appends what json.dumps(value, ensure_ascii=False, separators=(",", ":")) returns, in UTF-8. False without an error
// set for what it leaves to Python: subclasses, keys that are not str, deep nesting, and everything that is an error.
// Runs no Python code.
bool append_json(PyObject *value, std::string &out);

// Appends characters in UTF-8 as they are written between quotes. They must not be in `out`.
void append_json_characters(std::string_view text, std::string &out);

}  // namespace kernel
