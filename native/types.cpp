// Type names, and the few things every part of the kernel needs from Python.
#include "types.h"

#include <map>
#include <string>

namespace kernel {

namespace {

struct Named {
    const char *name;
    Type type;
    bool parsed;  // whether "parsed:name" exists
};

constexpr Named kTypes[] = {
    {"int32", Type::Int32, true},         {"int64", Type::Int64, true},
    {"float32", Type::Float32, true},     {"float64", Type::Float64, true},
    {"number", Type::Number, true},       {"complex32", Type::Complex32, true},
    {"complex64", Type::Complex64, true}, {"bool", Type::Bool, false},
    {"date", Type::Date, false},          {"datetime", Type::DateTime, false},
    {"time", Type::Time, false},          {"bytes", Type::Bytes, false},
    {"ascii", Type::Ascii, false},        {"unicode", Type::Unicode, false},
    {"json", Type::Json, true},           {"pickle", Type::Pickle, false},
};

}  // namespace

bool find_type(std::string_view name, ColumnType *out) {
    constexpr std::string_view prefix = "parsed:";
    const bool parsed = name.substr(0, prefix.size()) == prefix;
    if (parsed) name.remove_prefix(prefix.size());
    for (const Named &t : kTypes) {
        if (name == t.name) {
            if (parsed && !t.parsed) return false;
            *out = {t.type, parsed};
            return true;
        }
    }
    return false;
}

ColumnType type_named(PyObject *name) {
    Py_ssize_t n = 0;
    const char *s = PyUnicode_Check(name) ? PyUnicode_AsUTF8AndSize(name, &n) : nullptr;
    ColumnType type;
    if (s && find_type({s, static_cast<size_t>(n)}, &type)) return type;
    if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_UnicodeError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "unknown column type %R", name);
    }
    throw PythonError();
}

const char *type_name(Type type) { return kTypes[static_cast<size_t>(type)].name; }

PyTypeObject *add_type(PyObject *module, PyType_Spec *spec) {
    PyObject *type = checked(PyType_FromModuleAndSpec(module, spec, nullptr));
    if (PyModule_AddType(module, reinterpret_cast<PyTypeObject *>(type)) < 0) {
        Py_DECREF(type);
        throw PythonError();
    }
    return reinterpret_cast<PyTypeObject *>(type);
}

PyObject *imported(const char *module, const char *name) {
    // Never freed: the interpreter may be gone before static destructors run.
    static auto *cache = new std::map<std::string, PyObject *>;
    const std::string key = std::string(module) + "." + name;
    if (const auto found = cache->find(key); found != cache->end()) return found->second;
    Ref mod(checked(PyImport_ImportModule(module)));
    return (*cache)[key] = checked(PyObject_GetAttrString(mod.get(), name));
}

}  // namespace kernel
