// Rows -> the lines of a CSV file: values as text, quoted where that is asked for.
#include "column_reader.h"
#include "value_text.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <string_view>

namespace nb = nanobind;
using arrow_abi::Buffer;

namespace kernel {

namespace {

enum class Quoting : uint8_t { never, needed, always };

// The texts of numbers, booleans, dates and times consist of these.
constexpr std::string_view kOfValues = "0123456789+-.: ()abcdefghijklmnopqrstuvwxyzFT";

// Parts that a text may have, those of one byte looked up.
class Parts {
public:
    void add(std::string part) {
        if (part.size() == 1) {
            const auto byte = static_cast<uint8_t>(part[0]);
            if (!known_[byte]) bytes_.push_back(part[0]);
            known_[byte] = true;
        } else {
            longer_.push_back(std::move(part));
        }
    }
    bool inside(std::string_view text) const {
        if (bytes_.size() == 1) {
            if (text.size() && std::memchr(text.data(), bytes_[0], text.size())) return true;
        } else if (bytes_.size() > 1) {
            for (const char byte : text) {
                if (known_[static_cast<uint8_t>(byte)]) return true;
            }
        }
        for (const std::string &part : longer_) {
            if (text.find(part) != text.npos) return true;
        }
        return false;
    }
    bool at_edge(std::string_view text) const {
        if (text.size() && (known_[static_cast<uint8_t>(text.front())] || known_[static_cast<uint8_t>(text.back())])) {
            return true;
        }
        for (const std::string &part : longer_) {
            if (text.starts_with(part) || text.ends_with(part)) return true;
        }
        return false;
    }
    // Whether none of them can be in a text of these characters.
    bool beyond(std::string_view alphabet) const {
        const auto possible = [&](std::string_view part) { return part.find_first_not_of(alphabet) == part.npos; };
        for (const char &byte : bytes_) {
            if (possible({&byte, 1})) return false;
        }
        for (const std::string &part : longer_) {
            if (possible(part)) return false;
        }
        return true;
    }

private:
    bool known_[256] = {};
    std::string bytes_;
    std::vector<std::string> longer_;
};

struct Dialect {
    std::string separator, line_separator, quote;
    Quoting quoting;
    Parts edges;   // values that begin or end so need quotes
    Parts inside;  // and values that contain these

    bool needs_quotes(std::string_view text) const {
        return quoting == Quoting::always || (quoting == Quoting::needed && (edges.at_edge(text) || inside.inside(text)));
    }
    // Whether the texts of numbers and times need none.
    bool values_are_plain() const {
        return quoting == Quoting::never ||
               (quoting == Quoting::needed && edges.beyond(kOfValues) && inside.beyond(kOfValues));
    }
};

// Short as a rule, and mostly of one byte.
void append(std::string_view text, Buffer &out) {
    if (text.size() == 1) out.append_byte(static_cast<uint8_t>(text[0]));
    else out.append(text.data(), text.size());
}

// Puts quotes around a text, and doubles those inside.
void append_quoted(std::string_view text, std::string_view quote, Buffer &out) {
    append(quote, out);
    for (size_t at; (at = text.find(quote)) != text.npos; text.remove_prefix(at + quote.size())) {
        out.append(text.data(), at + quote.size());
        append(quote, out);
    }
    out.append(text.data(), text.size());
    append(quote, out);
}

void append_field(std::string_view text, const Dialect &dialect, Buffer &out) {
    if (dialect.needs_quotes(text)) append_quoted(text, dialect.quote, out);
    else out.append(text.data(), text.size());
}

// One column of the lines.
struct Column {
    ColumnReader reader;
    std::string none;  // as it is written
    bool stored;       // the text is what is stored
    bool plain;        // and needs no quotes

    void append(int64_t row, const Dialect &dialect, Buffer &out, Buffer &scratch) const {
        Cell cell;
        reader.cell(row, cell);
        if (cell.tag == Tag::None) {
            out.append(none.data(), none.size());
        } else if (plain) {
            append_value_text(reader.type(), cell, out);
        } else if (stored) {
            append_field({static_cast<const char *>(cell.p), static_cast<size_t>(cell.n)}, dialect, out);
        } else {
            scratch.clear();
            append_value_text(reader.type(), cell, scratch);
            append_field({reinterpret_cast<const char *>(scratch.data()), scratch.size()}, dialect, out);
        }
    }
};

nb::bytes csv_lines(const std::vector<nb::object> &arrays, const std::vector<std::string> &types,
                    const std::vector<nb::bytes> &nones, const Dialect &dialect) {
    if (arrays.empty() || arrays.size() != types.size() || arrays.size() != nones.size()) {
        throw nb::value_error("there must be as many arrays as types and texts for None, and at least one");
    }
    std::vector<Taken> taken;
    std::vector<Column> columns;
    taken.reserve(arrays.size());
    columns.reserve(arrays.size());
    const bool values_are_plain = dialect.values_are_plain();
    for (size_t k = 0; k < arrays.size(); k++) {
        ColumnType type;
        if (!find_type(types[k], &type)) throw nb::value_error(("no column type " + types[k]).c_str());
        taken.emplace_back(arrays[k].ptr());
        if (taken[k].array.length != taken[0].array.length) throw nb::value_error("arrays of different lengths");
        Buffer none;
        append_field({nones[k].c_str(), nones[k].size()}, dialect, none);
        const bool text = is_text(type.type);
        columns.push_back({ColumnReader(type.type),
                           {reinterpret_cast<const char *>(none.data()), none.size()},
                           text && type.type != Type::Bytes,
                           text ? dialect.quoting == Quoting::never : values_are_plain});
        columns[k].reader.bind(&taken[k].schema, &taken[k].array, 0, taken[k].array.length);
    }
    Buffer out;
    {
        nb::gil_scoped_release release;
        Buffer scratch;
        const int64_t rows = taken[0].array.length;
        for (int64_t i = 0; i < rows; i++) {
            for (size_t k = 0; k < columns.size(); k++) {
                if (k) append(dialect.separator, out);
                columns[k].append(i, dialect, out, scratch);
            }
            append(dialect.line_separator, out);
        }
    }
    return nb::bytes(reinterpret_cast<const char *>(out.data()), out.size());
}

std::string text_of(const nb::bytes &bytes) { return {bytes.c_str(), bytes.size()}; }

nb::bytes bound(const std::vector<nb::object> &arrays, const std::vector<std::string> &types,
                const std::vector<nb::bytes> &nones, const nb::bytes &separator, const nb::bytes &line_separator,
                const nb::bytes &quote, bool always, const std::vector<nb::bytes> &edges,
                const std::vector<nb::bytes> &inside) {
    Dialect dialect{text_of(separator), text_of(line_separator), text_of(quote), Quoting::needed, {}, {}};
    if (dialect.quote.empty()) dialect.quoting = Quoting::never;
    else if (always) dialect.quoting = Quoting::always;
    for (const nb::bytes &edge : edges) dialect.edges.add(text_of(edge));
    for (const nb::bytes &part : inside) dialect.inside.add(text_of(part));
    return translated([&] { return csv_lines(arrays, types, nones, dialect); });
}

}  // namespace

}  // namespace kernel

void bind_csv_lines(nb::module_ &m) {
    m.def("csv_lines", &kernel::bound, nb::arg("arrays"), nb::arg("types"), nb::arg("nones"), nb::kw_only(),
          nb::arg("separator"), nb::arg("line_separator"), nb::arg("quote"), nb::arg("always"), nb::arg("edges"),
          nb::arg("inside"));
}
