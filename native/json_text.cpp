#include "json_text.h"

#include "types.h"

#include <algorithm>
#include <charconv>

namespace kernel {

namespace {

constexpr int kDepth = 100;

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_escaped(unsigned char c, std::string &out) {
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\f': out += "\\f"; break;
    case '\b': out += "\\b"; break;
    default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
}

bool append_string(PyObject *text, std::string &out) {
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(text) < 0) {
        PyErr_Clear();
        return false;
    }
#endif
    const size_t start = out.size();
    if (PyUnicode_IS_ASCII(text)) {
        out.append(reinterpret_cast<const char *>(PyUnicode_1BYTE_DATA(text)),
                   static_cast<size_t>(PyUnicode_GET_LENGTH(text)));
    } else {
        const int kind = PyUnicode_KIND(text);
        const void *data = PyUnicode_DATA(text);
        for (Py_ssize_t k = 0; kind != PyUnicode_1BYTE_KIND && k < PyUnicode_GET_LENGTH(text); k++) {
            if ((PyUnicode_READ(kind, data, k) & ~0x7FFu) == 0xD800) return false;  // a surrogate is an error
        }
        out.resize(start + static_cast<size_t>(utf8_room(text)));
        out.resize(static_cast<size_t>(encode_utf8(text, out.data() + start) - out.data()));
    }
    const auto *tail = out.data() + start, *end = out.data() + out.size();
    if (std::find_if_not(tail, end, is_plain) != end) {
        const std::string characters = out.substr(start);
        out.resize(start);
        append_json_characters(characters, out);
    }
    out += '"';
    return true;
}

bool append_float(double d, std::string &out) {
    if (d != d) {
        out += "NaN";
    } else if (d - d != 0) {
        out += d > 0 ? "Infinity" : "-Infinity";
    } else {
        char *text = PyOS_double_to_string(d, 'r', 0, Py_DTSF_ADD_DOT_0, nullptr);
        if (!text) {
            PyErr_Clear();
            return false;
        }
        out += text;
        PyMem_Free(text);
    }
    return true;
}

bool append_int(PyObject *value, std::string &out) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow) return false;
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, v).ptr);
    return true;
}

bool append_value(PyObject *value, std::string &out, int depth);

bool append_items(PyObject *const *items, Py_ssize_t n, std::string &out, int depth) {
    out += '[';
    for (Py_ssize_t k = 0; k < n; k++) {
        if (k) out += ',';
        if (!append_value(items[k], out, depth)) return false;
    }
    out += ']';
    return true;
}

bool append_dict(PyObject *dict, std::string &out, int depth) {
    out += '{';
    PyObject *key, *value;
    Py_ssize_t position = 0;
    bool first = true;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (!PyUnicode_CheckExact(key)) return false;
        out += first ? "\"" : ",\"";
        first = false;
        if (!append_string(key, out)) return false;
        out += ':';
        if (!append_value(value, out, depth)) return false;
    }
    out += '}';
    return true;
}

bool append_value(PyObject *value, std::string &out, int depth) {
    if (depth > kDepth) return false;
    if (PyUnicode_CheckExact(value)) {
        out += '"';
        return append_string(value, out);
    }
    if (PyLong_CheckExact(value)) return append_int(value, out);
    if (PyFloat_CheckExact(value)) return append_float(PyFloat_AS_DOUBLE(value), out);
    if (value == Py_None) return out += "null", true;
    if (value == Py_True) return out += "true", true;
    if (value == Py_False) return out += "false", true;
    if (PyDict_CheckExact(value)) return append_dict(value, out, depth + 1);
    if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
        return append_items(PySequence_Fast_ITEMS(value), PySequence_Fast_GET_SIZE(value), out, depth + 1);
    }
    return false;
}

}  // namespace

void append_json_characters(std::string_view text, std::string &out) {
    for (const char c : text) {
        if (is_plain(c)) out += c;
        else append_escaped(static_cast<unsigned char>(c), out);
    }
}

bool append_json(PyObject *value, std::string &out) { return append_value(value, out, 0); }

}  // namespace kernel
