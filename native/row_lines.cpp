// Rows -> lines of output: fields apart, values as they are, or objects of JSON.
#include "column_reader.h"
#include "search.h"
#include "value_text.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

namespace nb = nanobind;
using arrow_abi::Buffer;

namespace kernel {

namespace {

enum class Form : uint8_t { fields, raw, json };

void append(std::string_view text, Buffer &out) { out.append(text.data(), text.size()); }

// Length of the start of a text that has none of the characters that `is_special` finds.
template <class F> size_t plain_start(const char *p, size_t n, F &&is_special) {
    size_t k = 0;
    for (; k + kBytes16 <= n && !any_of(is_special(load16(p + k))); k += kBytes16) {
    }
    Bytes16 rest;
    while (k < n) {  // the last bytes, or the block with the character
        const size_t length = std::min(kBytes16, n - k);
        rest = Bytes16{} + static_cast<uint8_t>(' ' + 1);
        std::memcpy(&rest, p + k, length);
        const Bytes16 mask = is_special(rest);
        for (size_t i = 0; i < length; i++) {
            if (mask[i]) return k + i;
        }
        k += length;
    }
    return n;
}

Bytes16 equal(Bytes16 bytes, uint8_t c) { return reinterpret_cast<Bytes16>(bytes == c); }

// ---- JSON ----

Bytes16 is_special_in_json(Bytes16 bytes) {
    return equal(bytes, '"') | equal(bytes, '\\') | reinterpret_cast<Bytes16>(bytes < 0x20);
}

void append_json_character(uint8_t c, Buffer &out) {
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"': return append("\\\"", out);
    case '\\': return append("\\\\", out);
    case '\n': return append("\\n", out);
    case '\r': return append("\\r", out);
    case '\t': return append("\\t", out);
    case '\f': return append("\\f", out);
    case '\b': return append("\\b", out);
    default:
        append("\\u00", out);
        out.append_byte(static_cast<uint8_t>(hex[c >> 4]));
        out.append_byte(static_cast<uint8_t>(hex[c & 15]));
    }
}

void append_json_string(std::string_view text, Buffer &out) {
    out.append_byte('"');
    while (true) {
        const size_t plain = plain_start(text.data(), text.size(), is_special_in_json);
        append(text.substr(0, plain), out);
        if (plain == text.size()) break;
        append_json_character(static_cast<uint8_t>(text[plain]), out);
        text.remove_prefix(plain + 1);
    }
    out.append_byte('"');
}

void append_json_float(double d, Buffer &out) {
    if (!std::isfinite(d)) return append("null", out);  // JSON has neither NaN nor infinity
    Cell cell;
    cell.set_float(d);
    append_value_text(Type::Float64, cell, out);
}

void append_json(Type type, const Cell &cell, Buffer &out, Buffer &scratch) {
    switch (cell.tag) {
    case Tag::None: return append("null", out);
    case Tag::Float: return append_json_float(cell.d, out);
    case Tag::Complex:
        out.append_byte('[');
        append_json_float(cell.d, out);
        append(", ", out);
        append_json_float(cell.im, out);
        return out.append_byte(']');
    case Tag::View:
        if (type != Type::Bytes) return append_json_string({cell.bytes(), static_cast<size_t>(cell.n)}, out);
        scratch.clear();
        append_bytes_text(cell.p, cell.n, NotUtf8::surrogate, scratch);
        return append_json_string({reinterpret_cast<const char *>(scratch.data()), scratch.size()}, out);
    default: break;
    }
    if (type == Type::Bool) return append(cell.i ? "true" : "false", out);
    const bool is_moment = type == Type::Date || type == Type::DateTime || type == Type::Time;
    if (is_moment) out.append_byte('"');
    append_value_text(type, cell, out);
    if (is_moment) out.append_byte('"');
}

// ---- fields ----

// Escapes what has been appended as a field: it must not end the line, and be told from its neighbours.
class FieldEscape {
public:
    explicit FieldEscape(std::string_view separator)
        : separator_(separator, false), has_separator_(!separator.empty()),
          first_(has_separator_ ? static_cast<uint8_t>(separator.front()) : static_cast<uint8_t>('\n')) {}

    void apply(size_t start, Buffer &out) {
        const std::string_view text = {reinterpret_cast<const char *>(out.data()) + start, out.size() - start};
        if (text.empty()) return;
        const auto is_special = [&](Bytes16 bytes) { return equal(bytes, '\n') | equal(bytes, '\r') | equal(bytes, first_); };
        const bool at_edge = is_quote(text.front()) || is_quote(text.back());
        if (!at_edge && plain_start(text.data(), text.size(), is_special) == text.size()) [[likely]] return;
        const bool quotes = at_edge || (has_separator_ && separator_.is_in(text));
        const std::string copy(text);
        out.resize(start);
        if (quotes) out.append_byte('"');
        for (const char c : copy) {
            if (c == '\n') append("\\n", out);
            else if (c == '\r') append("\\r", out);
            else if (c == '"' && quotes) append("\"\"", out);
            else out.append_byte(static_cast<uint8_t>(c));
        }
        if (quotes) out.append_byte('"');
    }

private:
    static bool is_quote(char c) { return c == '"' || c == '\''; }

    Needle separator_;
    bool has_separator_;
    uint8_t first_;
};

void append_text(Type type, const Cell &cell, Form form, Buffer &out) {
    if (cell.tag == Tag::None) append("None", out);
    else if (type != Type::Bytes) append_value_text(type, cell, out);
    else if (form == Form::raw) out.append(cell.p, static_cast<size_t>(cell.n));
    else append_bytes_text(cell.p, cell.n, NotUtf8::surrogate, out);
}

// ---- rows ----

struct Field {
    ColumnReader reader;
    bool as_is;              // the text stands in the line unchanged
    std::string_view before;
};

Form form_named(const std::string &name) {
    if (name == "fields") return Form::fields;
    if (name == "raw") return Form::raw;
    if (name == "json") return Form::json;
    throw nb::value_error(("no form " + name).c_str());
}

// Row numbers as int64, checked; all rows if there is none.
std::vector<int64_t> rows_of(const std::optional<nb::bytes> &rows, int64_t available) {
    std::vector<int64_t> found;
    if (rows) {
        found.resize(rows->size() / sizeof(int64_t));
        if (!found.empty()) std::memcpy(found.data(), rows->c_str(), found.size() * sizeof(int64_t));
    } else {
        found.resize(static_cast<size_t>(available));
        for (size_t k = 0; k < found.size(); k++) found[k] = static_cast<int64_t>(k);
    }
    for (const int64_t row : found) {
        if (row < 0 || row >= available) throw std::invalid_argument("there is no such row");
    }
    return found;
}

nb::bytes bytes_of(const Buffer &buffer) {
    return nb::bytes(reinterpret_cast<const char *>(buffer.data()), buffer.size());
}

nb::tuple row_lines(const std::vector<nb::object> &arrays, const std::vector<std::string> &types,
                    const std::vector<nb::bytes> &before, const nb::bytes &end, Form form, const nb::bytes &separator,
                    const std::optional<nb::bytes> &rows) {
    if (arrays.empty() || arrays.size() != types.size() || arrays.size() != before.size()) {
        throw nb::value_error("there must be as many arrays as types and texts before them, and at least one");
    }
    std::vector<Taken> taken;
    std::vector<Field> fields;
    taken.reserve(arrays.size());
    fields.reserve(arrays.size());
    for (size_t k = 0; k < arrays.size(); k++) {
        const bool as_is = types[k].empty();
        ColumnType type{Type::Unicode, false};
        if (!as_is && !find_type(types[k], &type)) throw nb::value_error(("no column type " + types[k]).c_str());
        taken.emplace_back(arrays[k].ptr());
        if (taken[k].array.length != taken[0].array.length) throw nb::value_error("arrays of different lengths");
        fields.push_back({ColumnReader(type.type), as_is, {before[k].c_str(), before[k].size()}});
        fields[k].reader.bind(&taken[k].schema, &taken[k].array, 0, taken[k].array.length);
    }
    const std::vector<int64_t> chosen = rows_of(rows, taken[0].array.length);
    const std::string_view line_end = {end.c_str(), end.size()};
    FieldEscape escape({separator.c_str(), separator.size()});
    Buffer out, scratch, ends;
    {
        nb::gil_scoped_release release;
        for (const int64_t row : chosen) {
            for (const Field &field : fields) {
                append(field.before, out);
                const size_t start = out.size();
                const Type type = field.reader.type();
                Cell cell;
                field.reader.cell(row, cell);
                if (field.as_is) {
                    out.append(cell.p, static_cast<size_t>(cell.tag == Tag::None ? 0 : cell.n));
                } else if (form == Form::json) {
                    append_json(type, cell, out, scratch);
                } else {
                    append_text(type, cell, form, out);
                    if (form == Form::fields) escape.apply(start, out);
                }
            }
            append(line_end, out);
            ends.append_value(static_cast<int64_t>(out.size()));
        }
    }
    return nb::make_tuple(bytes_of(out), bytes_of(ends));
}

nb::tuple bound(const std::vector<nb::object> &arrays, const std::vector<std::string> &types,
                const std::vector<nb::bytes> &before, const nb::bytes &end, const std::string &form,
                const nb::bytes &separator, const std::optional<nb::bytes> &rows) {
    return translated([&] { return row_lines(arrays, types, before, end, form_named(form), separator, rows); });
}

}  // namespace

}  // namespace kernel

void bind_row_lines(nb::module_ &m) {
    m.def("row_lines", &kernel::bound, nb::arg("arrays"), nb::arg("types"), nb::arg("before"), nb::arg("end"),
          nb::kw_only(), nb::arg("form"), nb::arg("separator") = nb::bytes("", 0), nb::arg("rows") = nb::none());
}
