// What the kernel's own Python types share: references, and C++ exceptions turned into Python ones.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace kernel {

// An owned reference.
class Ref {
public:
    Ref() = default;
    explicit Ref(PyObject *owned) : p_(owned) {}
    Ref(const Ref &) = delete;
    Ref &operator=(const Ref &) = delete;
    Ref(Ref &&o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
    Ref &operator=(Ref &&o) noexcept {
        reset(std::exchange(o.p_, nullptr));
        return *this;
    }
    ~Ref() { Py_XDECREF(p_); }

    static Ref borrow(PyObject *p) {
        Py_XINCREF(p);
        return Ref(p);
    }
    void reset(PyObject *owned = nullptr) {
        PyObject *old = std::exchange(p_, owned);
        Py_XDECREF(old);
    }
    PyObject *get() const { return p_; }
    PyObject *release() { return std::exchange(p_, nullptr); }
    explicit operator bool() const { return p_ != nullptr; }

private:
    PyObject *p_ = nullptr;
};

// The exception that is set, taken out and put back.
inline Ref take_error() {
#if PY_VERSION_HEX >= 0x030C0000
    return Ref(PyErr_GetRaisedException());
#else
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback) PyException_SetTraceback(error, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Ref(error);
#endif
}

inline void restore_error(Ref error) {
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(error.release());
#else
    PyObject *e = error.release();
    PyErr_Restore(Py_NewRef(reinterpret_cast<PyObject *>(Py_TYPE(e))), e, PyException_GetTraceback(e));
#endif
}

// A Python exception is set; unwinds to the nearest guarded().
struct PythonError {};

// Runs `f`; a C++ exception becomes a Python one and the result is `failed`.
template <class R, class F> R guarded(R failed, F &&f) noexcept {
    try {
        return f();
    } catch (const PythonError &) {
    } catch (const std::bad_alloc &) {
        PyErr_NoMemory();
    } catch (const std::invalid_argument &e) {
        PyErr_SetString(PyExc_ValueError, e.what());
    } catch (const std::domain_error &e) {  // the kernel's word for "an Arrow type that does not fit"
        PyErr_SetString(PyExc_TypeError, e.what());
    } catch (const std::exception &e) {
        PyErr_SetString(PyExc_RuntimeError, e.what());
    }
    return failed;
}

inline PyObject *checked(PyObject *p) {
    if (!p) throw PythonError();
    return p;
}

// A heap type from a spec, added to the module; the module keeps it alive.
PyTypeObject *add_type(PyObject *module, PyType_Spec *spec);

// Names that the kernel takes from Python modules, imported at first use and kept.
PyObject *imported(const char *module, const char *name);

}  // namespace kernel
