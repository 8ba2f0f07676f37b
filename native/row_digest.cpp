// Two hashes of each row of some columns: equal for equal values of equal types, however they are stored.
#include "array.h"
#include "column_reader.h"
#include "hash.h"

#include <vector>

namespace kernel {

namespace {

using arrow_abi::Buffer;
using arrow_abi::Column;

// The bytes of a cell, so that no two different rows have the same: a tag, then a fixed width, or a length and bytes.
void append_cell(Type type, const Cell &cell, Buffer &out) {
    out.append_byte(static_cast<uint8_t>(cell.tag));
    switch (cell.tag) {
    case Tag::Int:
        out.append_value(cell.i);
        if (type == Type::DateTime || type == Type::Time) out.append_byte(cell.flags);
        break;
    case Tag::Float: out.append_value(double_bits(cell.d)); break;
    case Tag::Complex:
        out.append_value(double_bits(cell.d));
        out.append_value(double_bits(cell.im));
        break;
    case Tag::Big:
    case Tag::View:
        out.append_value(cell.n);
        out.append(cell.p, static_cast<size_t>(cell.n));
        break;
    case Tag::None:
    case Tag::Text: break;  // the latter does not come from an array
    }
}

// SipHash, and what it would be if the text had another length: two functions of a state of 256 bits.
void digest(const Buffer &row, uint64_t &first, uint64_t &second) {
    Sip sip;
    const uint8_t *p = row.data();
    size_t left = row.size();
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t m;
        std::memcpy(&m, p, 8);
        sip.word(m);
    }
    uint64_t last = 0;
    if (left) std::memcpy(&last, p, left);
    last |= static_cast<uint64_t>(row.size()) << 56;
    Sip other = sip;
    first = sip.finish(last);
    other.word(last);
    second = other.finish(~last);
}

PyObject *row_digests(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (nargs != 2 || !PyList_Check(args[0]) || !PyList_Check(args[1]) || !PyList_GET_SIZE(args[0]) ||
            PyList_GET_SIZE(args[0]) != PyList_GET_SIZE(args[1])) {
            return PyErr_Format(PyExc_TypeError, "row_digests() takes a list of types and one of as many arrays");
        }
        std::vector<Taken> taken;
        std::vector<ColumnReader> readers;
        const auto count = static_cast<size_t>(PyList_GET_SIZE(args[0]));
        taken.reserve(count);
        readers.reserve(count);
        for (size_t k = 0; k < count; k++) {
            const auto at = static_cast<Py_ssize_t>(k);
            const ColumnType type = type_named(PyList_GET_ITEM(args[0], at));
            taken.emplace_back(PyList_GET_ITEM(args[1], at));
            if (taken[k].array.length != taken[0].array.length) throw std::invalid_argument("arrays of different lengths");
            readers.emplace_back(type.type);
            readers[k].bind(&taken[k].schema, &taken[k].array, 0, taken[k].array.length);
        }
        const int64_t rows = taken[0].array.length;
        Column first = fixed_column("L", rows, sizeof(uint64_t)), second = fixed_column("L", rows, sizeof(uint64_t));
        Buffer row;
        for (int64_t i = 0; i < rows; i++) {
            row.clear();
            for (const ColumnReader &reader : readers) {
                Cell cell;
                reader.cell(i, cell);
                append_cell(reader.type(), cell, row);
            }
            digest(row, first.buffers[1].as<uint64_t>()[i], second.buffers[1].as<uint64_t>()[i]);
        }
        Ref one(make_array(std::move(first))), two(make_array(std::move(second)));
        return PyTuple_Pack(2, one.get(), two.get());
    });
}

PyMethodDef functions[] = {
    {"row_digests", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(row_digests)), METH_FASTCALL,
     "Return two hashes of every row."},
    {},
};

}  // namespace

void bind_digest_functions(PyObject *module) {
    if (PyModule_AddFunctions(module, functions) < 0) throw PythonError();
}

}  // namespace kernel

void bind_row_digest(nanobind::module_ &m) {
    try {
        kernel::bind_digest_functions(m.ptr());
    } catch (const kernel::PythonError &) {
        throw nanobind::python_error();
    }
}
