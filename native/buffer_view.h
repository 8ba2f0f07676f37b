// Bytes of any Python object with the buffer protocol.
#pragma once

#include <nanobind/nanobind.h>

namespace kernel {

class BufferView {
public:
    explicit BufferView(nanobind::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE)) throw nanobind::python_error();
    }
    BufferView(const BufferView &) = delete;
    BufferView &operator=(const BufferView &) = delete;
    ~BufferView() { PyBuffer_Release(&view_); }
    const char *data() const { return static_cast<const char *>(view_.buf); }
    size_t size() const { return static_cast<size_t>(view_.len); }

private:
    Py_buffer view_;
};

}  // namespace kernel
