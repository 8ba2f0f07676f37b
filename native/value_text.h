// A value as text: what str() gives in Python, in UTF-8.
#pragma once

#include "arrow_abi.h"
#include "python.h"
#include "types.h"

#include <stdexcept>

namespace kernel {

// Runs what Python has called to make or search texts; a C++ exception becomes the one that nanobind raises.
template <class F> auto translated(F &&f) {
    try {
        return f();
    } catch (const PythonError &) {
        throw nanobind::python_error();
    } catch (const std::domain_error &error) {
        throw nanobind::type_error(error.what());
    } catch (const std::invalid_argument &error) {
        throw nanobind::value_error(error.what());
    }
}

// Appends the text of a cell that is not None. Bytes are taken as UTF-8, what is not becomes \xNN; json and pickle are
// not understood, they give their stored bytes. Runs no Python code.
void append_value_text(Type type, const Cell &cell, arrow_abi::Buffer &out);

// What becomes of a byte that is not UTF-8: \xNN, or as Python has it with surrogateescape a lone surrogate, in three
// bytes like any other character there.
enum class NotUtf8 : uint8_t { backslash, surrogate };
void append_bytes_text(const void *bytes, int64_t size, NotUtf8 how, arrow_abi::Buffer &out);

}  // namespace kernel
