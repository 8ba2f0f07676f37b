#include "value_text.h"

#include "array.h"
#include "civil.h"
#include "column_reader.h"
#include "search.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace kernel {

namespace {

using arrow_abi::Buffer;
using arrow_abi::Column;

void append(std::string_view text, Buffer &out) { out.append(text.data(), text.size()); }

void append_int(int64_t value, Buffer &out) {
    out.reserve(24);
    char *end = reinterpret_cast<char *>(out.data()) + out.size();
    out.advance(static_cast<size_t>(std::to_chars(end, end + 24, value).ptr - end));
}

// ---- floats ----

constexpr int kLongestPlain = 16;   // digits before the point from where on there is an exponent
constexpr int kSmallestPlain = -4;  // and the exponent below which

// repr() of a float: the fewest digits that are read back as the same. complex leaves out ".0".
void append_float(double d, bool with_point, Buffer &out) {
    if (d != d) return append("nan", out);
    if (std::isinf(d)) return append(d < 0 ? "-inf" : "inf", out);
    char text[32];
    const char *end = std::to_chars(text, text + sizeof text, d, std::chars_format::scientific).ptr;
    const char *p = text;
    if (*p == '-') out.append_byte(static_cast<uint8_t>(*p++));
    const char *e = static_cast<const char *>(std::memchr(p, 'e', static_cast<size_t>(end - p)));
    char digits[20];
    int count = 0;
    for (; p < e; p++) {
        if (*p != '.') digits[count++] = *p;
    }
    int exponent = 0;
    std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
    const auto put = [&](int from, int to) {
        if (to > from) out.append(digits + from, static_cast<size_t>(to - from));
    };
    if (exponent < kSmallestPlain || exponent >= kLongestPlain) {
        put(0, 1);
        if (count > 1) out.append_byte('.');
        put(1, count);
        out.append_byte('e');
        out.append_byte(exponent < 0 ? '-' : '+');
        if (std::abs(exponent) < 10) out.append_byte('0');
        append_int(std::abs(exponent), out);
    } else if (exponent < 0) {
        append("0.", out);
        for (int k = -1; k > exponent; k--) out.append_byte('0');
        put(0, count);
    } else {
        const int whole = exponent + 1;
        put(0, std::min(whole, count));
        for (int k = count; k < whole; k++) out.append_byte('0');
        if (count > whole) {
            out.append_byte('.');
            put(whole, count);
        } else if (with_point) {
            append(".0", out);
        }
    }
}

void append_complex(double re, double im, Buffer &out) {
    const bool only_imaginary = re == 0 && !std::signbit(re);
    if (!only_imaginary) {
        out.append_byte('(');
        append_float(re, false, out);
        if (im != im || !std::signbit(im)) out.append_byte('+');
    }
    append_float(im, false, out);
    append(only_imaginary ? "j" : "j)", out);
}

// ---- integers beyond 64 bits ----

constexpr uint64_t kBillion = 1'000'000'000;

void append_big(const void *bytes, int64_t size, Buffer &out) {
    const auto *p = static_cast<const uint8_t *>(bytes);
    const bool negative = size && p[size - 1] & 0x80;
    std::vector<uint32_t> limbs(static_cast<size_t>(size + 3) / 4 + 1);
    unsigned carry = 1;
    for (int64_t k = 0; k < size; k++) {
        unsigned byte = p[k];
        if (negative) {
            byte = (~byte & 0xff) + carry;
            carry = byte >> 8;
        }
        limbs[static_cast<size_t>(k / 4)] |= (byte & 0xff) << (k % 4 * 8);
    }
    if (negative && carry) limbs[static_cast<size_t>(size / 4)] |= uint32_t{1} << (size % 4 * 8);
    std::vector<uint32_t> parts;  // of nine digits, the last first
    do {
        uint64_t rest = 0;
        for (size_t k = limbs.size(); k-- > 0;) {
            rest = rest << 32 | limbs[k];
            limbs[k] = static_cast<uint32_t>(rest / kBillion);
            rest %= kBillion;
        }
        parts.push_back(static_cast<uint32_t>(rest));
        while (!limbs.empty() && !limbs.back()) limbs.pop_back();
    } while (!limbs.empty());
    if (negative) out.append_byte('-');
    append_int(parts.back(), out);
    for (size_t k = parts.size() - 1; k-- > 0;) {
        char nine[9];
        uint32_t part = parts[k];
        for (int digit = 8; digit >= 0; digit--, part /= 10) nine[digit] = static_cast<char>('0' + part % 10);
        out.append(nine, sizeof nine);
    }
}

// ---- dates and times ----

// A number with a fixed count of digits; returns the place behind it.
char *digits_of(uint32_t value, int count, char *p) {
    for (int k = count - 1; k >= 0; k--, value /= 10) p[k] = static_cast<char>('0' + value % 10);
    return p + count;
}

char *date_text(int64_t days, char *p) {
    const Civil c = civil_from_days(days);
    p = digits_of(static_cast<uint32_t>(c.year), 4, p);
    *p++ = '-';
    p = digits_of(c.month, 2, p);
    *p++ = '-';
    return digits_of(c.day, 2, p);
}

char *time_text(int64_t microseconds, char *p) {
    const uint32_t seconds = static_cast<uint32_t>(microseconds / 1'000'000);
    const uint32_t fraction = static_cast<uint32_t>(microseconds % 1'000'000);
    p = digits_of(seconds / 3600, 2, p);
    *p++ = ':';
    p = digits_of(seconds / 60 % 60, 2, p);
    *p++ = ':';
    p = digits_of(seconds % 60, 2, p);
    if (fraction) {
        *p++ = '.';
        p = digits_of(fraction, 6, p);
    }
    return p;
}

void append_moment(Type type, const Cell &cell, Buffer &out) {
    char text[40];
    char *p = text;
    // What no date or time has would be no text either.
    const int64_t low = type == Type::Date ? kMinDays : type == Type::Time ? 0 : kMinMicroseconds;
    const int64_t high = type == Type::Date ? kMaxDays : type == Type::Time ? kDayMicroseconds - 1 : kMaxMicroseconds;
    if (cell.i < low || cell.i > high) throw std::invalid_argument("a date or time is out of range");
    if (type == Type::Date) {
        p = date_text(cell.i, p);
    } else {
        int64_t in_day = cell.i;
        if (type == Type::DateTime) {
            p = date_text(floor_days(cell.i), p);
            *p++ = ' ';
            in_day = microseconds_of_day(cell.i);
        }
        p = time_text(in_day, p);
        if (cell.flags & kUtc) {
            std::memcpy(p, "+00:00", 6);
            p += 6;
        }
    }
    out.append(text, static_cast<size_t>(p - text));
}

// ---- bytes ----

// Length of the UTF-8 character at p, 0 if there is none.
int utf8_character(const uint8_t *p, const uint8_t *end) {
    const uint8_t c = *p;
    if (c < 0x80) return 1;
    int more;
    uint32_t code, least;
    if (c >= 0xC2 && c <= 0xDF) more = 1, code = c & 0x1F, least = 0x80;
    else if ((c & 0xF0) == 0xE0) more = 2, code = c & 0x0F, least = 0x800;
    else if (c >= 0xF0 && c <= 0xF4) more = 3, code = c & 0x07, least = 0x10000;
    else return 0;
    if (end - p <= more) return 0;
    for (int k = 1; k <= more; k++) {
        if ((p[k] & 0xC0) != 0x80) return 0;
        code = code << 6 | (p[k] & 0x3F);
    }
    return code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? 0 : more + 1;
}

PyObject *text_array(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
    return guarded<PyObject *>(nullptr, [&]() -> PyObject * {
        if (nargs != 2) return PyErr_Format(PyExc_TypeError, "text_array() takes a type and an array");
        const ColumnType type = type_named(args[0]);
        Taken taken(args[1]);
        const int64_t rows = taken.array.length;
        ColumnReader reader(type.type);
        reader.bind(&taken.schema, &taken.array, 0, rows);
        Column out;
        out.format = "U";
        out.length = rows;
        out.buffers.resize(3);
        out.buffers[1].resize(static_cast<size_t>(rows + 1) * sizeof(int64_t));
        out.buffers[0].resize_zero(static_cast<size_t>(rows + 7) / 8);
        auto *offsets = out.buffers[1].as<int64_t>();
        for (int64_t i = 0; i < rows; i++) {
            offsets[i] = static_cast<int64_t>(out.buffers[2].size());
            Cell cell;
            reader.cell(i, cell);
            if (cell.tag == Tag::None) {
                out.null_count++;
                continue;
            }
            out.buffers[0].data()[i >> 3] |= static_cast<uint8_t>(1 << (i & 7));
            append_value_text(type.type, cell, out.buffers[2]);
        }
        offsets[rows] = static_cast<int64_t>(out.buffers[2].size());
        return make_array(std::move(out));
    });
}

PyMethodDef functions[] = {
    {"text_array", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(text_array)), METH_FASTCALL,
     "Return the text of every element."},
    {},
};

}  // namespace

void append_value_text(Type type, const Cell &cell, Buffer &out) {
    switch (cell.tag) {
    case Tag::Int:
        if (type == Type::Bool) return append(cell.i ? "True" : "False", out);
        if (type == Type::Date || type == Type::DateTime || type == Type::Time) return append_moment(type, cell, out);
        return append_int(cell.i, out);
    case Tag::Float: return append_float(cell.d, true, out);
    case Tag::Complex: return append_complex(cell.d, cell.im, out);
    case Tag::Big: return append_big(cell.p, cell.n, out);
    case Tag::View:
        if (type == Type::Bytes) return append_bytes_text(cell.p, cell.n, NotUtf8::backslash, out);
        return out.append(cell.p, static_cast<size_t>(cell.n));
    case Tag::None:
    case Tag::Text: break;  // neither comes from an array
    }
}

void append_bytes_text(const void *bytes, int64_t size, NotUtf8 how, Buffer &out) {
    static const char hex[] = "0123456789abcdef";
    const auto *p = static_cast<const uint8_t *>(bytes), *end = p + size;
    while (p < end) {
        const uint8_t *good = p;
        while (end - p >= static_cast<ptrdiff_t>(kBytes16) && !any_of(load16(p) & 0x80)) p += kBytes16;
        while (p < end) {
            const int length = utf8_character(p, end);
            if (!length) break;
            p += length;
        }
        out.append(good, static_cast<size_t>(p - good));
        if (p == end) break;
        if (how == NotUtf8::backslash) {
            const char escaped[] = {'\\', 'x', hex[*p >> 4], hex[*p & 15]};
            out.append(escaped, sizeof escaped);
        } else {  // U+DC00 and the byte
            const uint8_t escaped[] = {0xED, static_cast<uint8_t>(0xB0 | *p >> 6), static_cast<uint8_t>(0x80 | (*p & 0x3F))};
            out.append(escaped, sizeof escaped);
        }
        p++;
    }
}

void bind_text_functions(PyObject *module) {
    if (PyModule_AddFunctions(module, functions) < 0) throw PythonError();
}

}  // namespace kernel

void bind_value_text(nanobind::module_ &m) {
    try {
        kernel::bind_text_functions(m.ptr());
    } catch (const kernel::PythonError &) {
        throw nanobind::python_error();
    }
}
