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

struct Dialect {
    std::string separator, line_separator, quote;
    Quoting quoting;
    std::vector<std::string> edges;   // values that begin or end so need quotes
    std::vector<std::string> inside;  // and values that contain these
};

std::string_view from(const Buffer &out, size_t start) {
    return {reinterpret_cast<const char *>(out.data()) + start, out.size() - start};
}

bool contains(std::string_view text, std::string_view part) {
    if (part.size() == 1) return text.size() && std::memchr(text.data(), part[0], text.size());
    return text.find(part) != text.npos;
}

bool needs_quotes(const Dialect &dialect, std::string_view text) {
    for (const std::string &edge : dialect.edges) {
        if (text.starts_with(edge) || text.ends_with(edge)) return true;
    }
    for (const std::string &part : dialect.inside) {
        if (contains(text, part)) return true;
    }
    return false;
}

// Puts quotes around what has been appended from `start` on, and doubles those inside.
void add_quotes(const Dialect &dialect, size_t start, Buffer &out, std::string &scratch) {
    const std::string_view quote = dialect.quote;
    scratch.assign(from(out, start));
    out.resize(start);
    out.append(quote.data(), quote.size());
    std::string_view rest = scratch;
    for (size_t at; (at = rest.find(quote)) != rest.npos; rest.remove_prefix(at + quote.size())) {
        out.append(rest.data(), at + quote.size());
        out.append(quote.data(), quote.size());
    }
    out.append(rest.data(), rest.size());
    out.append(quote.data(), quote.size());
}

nb::bytes csv_lines(const std::vector<nb::object> &arrays, const std::vector<std::string> &types,
                    const std::vector<nb::bytes> &nones, const Dialect &dialect) {
    if (arrays.empty() || arrays.size() != types.size() || arrays.size() != nones.size()) {
        throw nb::value_error("there must be as many arrays as types and texts for None, and at least one");
    }
    std::vector<Taken> taken;
    std::vector<ColumnReader> readers;
    std::vector<std::string_view> none_texts;
    taken.reserve(arrays.size());
    readers.reserve(arrays.size());
    for (size_t k = 0; k < arrays.size(); k++) {
        ColumnType type;
        if (!find_type(types[k], &type)) throw nb::value_error(("no column type " + types[k]).c_str());
        taken.emplace_back(arrays[k].ptr());
        if (taken[k].array.length != taken[0].array.length) throw nb::value_error("arrays of different lengths");
        readers.emplace_back(type.type);
        readers[k].bind(&taken[k].schema, &taken[k].array, 0, taken[k].array.length);
        none_texts.emplace_back(nones[k].c_str(), nones[k].size());
    }
    Buffer out;
    {
        nb::gil_scoped_release release;
        std::string scratch;
        const int64_t rows = taken[0].array.length;
        for (int64_t i = 0; i < rows; i++) {
            for (size_t k = 0; k < readers.size(); k++) {
                if (k) out.append(dialect.separator.data(), dialect.separator.size());
                const size_t start = out.size();
                Cell cell;
                readers[k].cell(i, cell);
                if (cell.tag == Tag::None) out.append(none_texts[k].data(), none_texts[k].size());
                else append_value_text(readers[k].type(), cell, out);
                if (dialect.quoting == Quoting::never) continue;
                if (dialect.quoting == Quoting::always || needs_quotes(dialect, from(out, start))) {
                    add_quotes(dialect, start, out, scratch);
                }
            }
            out.append(dialect.line_separator.data(), dialect.line_separator.size());
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
    for (const nb::bytes &edge : edges) dialect.edges.push_back(text_of(edge));
    for (const nb::bytes &part : inside) dialect.inside.push_back(text_of(part));
    try {
        return csv_lines(arrays, types, nones, dialect);
    } catch (const PythonError &) {
        throw nb::python_error();
    } catch (const std::domain_error &error) {
        throw nb::type_error(error.what());
    } catch (const std::invalid_argument &error) {
        throw nb::value_error(error.what());
    }
}

}  // namespace

}  // namespace kernel

void bind_csv_lines(nb::module_ &m) {
    m.def("csv_lines", &kernel::bound, nb::arg("arrays"), nb::arg("types"), nb::arg("nones"), nb::kw_only(),
          nb::arg("separator"), nb::arg("line_separator"), nb::arg("quote"), nb::arg("always"), nb::arg("edges"),
          nb::arg("inside"));
}
