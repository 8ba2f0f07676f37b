// A value as text: what str() gives in Python, in UTF-8.
#pragma once

#include "arrow_abi.h"
#include "types.h"

namespace kernel {

// Appends the text of a cell that is not None. Bytes are taken as UTF-8, what is not becomes \xNN; json and pickle are
// not understood, they give their stored bytes. Runs no Python code.
void append_value_text(Type type, const Cell &cell, arrow_abi::Buffer &out);

}  // namespace kernel
