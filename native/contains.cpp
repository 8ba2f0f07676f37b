// Which values have one of some texts in their text: the buffers of whole columns are searched at once.
#include "column_reader.h"
#include "search.h"
#include "value_text.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

namespace nb = nanobind;
using arrow_abi::Buffer;

namespace kernel {

namespace {

constexpr int64_t kBlockRows = 4096;  // of values that are made into text: it stays in the cache
constexpr std::string_view kNone = "None";

using Needles = std::vector<Needle>;

bool in_text(const Needles &needles, std::string_view text) {
    return std::any_of(needles.begin(), needles.end(), [&](const Needle &needle) { return needle.is_in(text); });
}

// Marks the rows with a needle; row i is offsets[i] to offsets[i + 1] of `bytes`. What lies across a border is no hit.
template <class O>
void search_rows(const Needles &needles, const char *bytes, const O *offsets, int64_t rows, uint8_t *found) {
    if (!rows) return;
    const char *end = bytes + offsets[rows];
    for (const Needle &needle : needles) {
        if (!needle.size()) {
            std::fill_n(found, rows, uint8_t{1});
            return;
        }
        const char *p = bytes + offsets[0];
        for (int64_t row = 0; row < rows && (p = needle.find(p, end));) {
            const O at = static_cast<O>(p - bytes);
            int64_t step = 1;
            while (row + step < rows && offsets[row + step] <= at) step *= 2;
            const O *from = offsets + row + step / 2, *to = offsets + std::min(row + step, rows) + 1;
            row = std::upper_bound(from, to, at) - offsets - 1;
            if (at + static_cast<O>(needle.size()) <= offsets[row + 1]) {
                found[row] = 1;
                p = bytes + offsets[row + 1];
            } else {
                p++;
            }
        }
    }
}

// The same for values that are no text: they are made into text, some at a time.
void search_values(const Needles &needles, const ColumnReader &reader, int64_t rows, uint8_t *found) {
    Buffer text;
    std::vector<int64_t> offsets;
    for (int64_t start = 0; start < rows; start += kBlockRows) {
        const int64_t stop = std::min(rows, start + kBlockRows);
        text.clear();
        offsets.clear();
        for (int64_t i = start; i < stop; i++) {
            offsets.push_back(static_cast<int64_t>(text.size()));
            Cell cell;
            reader.cell(i, cell);
            if (cell.tag == Tag::None) text.append(kNone.data(), kNone.size());
            else append_value_text(reader.type(), cell, text);
        }
        offsets.push_back(static_cast<int64_t>(text.size()));
        search_rows(needles, reinterpret_cast<const char *>(text.data()), offsets.data(), stop - start, found + start);
    }
}

void search_column(const Needles &needles, const ColumnReader &reader, int64_t rows, uint8_t *found) {
    const Span &span = reader.span();
    switch (reader.layout()) {
    case Layout::Text32:
    case Layout::Text64:
        if (reader.layout() == Layout::Text32) {
            search_rows(needles, span.bytes, static_cast<const int32_t *>(span.data), rows, found);
        } else {
            search_rows(needles, span.bytes, static_cast<const int64_t *>(span.data), rows, found);
        }
        if (span.valid) {
            const bool none = in_text(needles, kNone);
            for (int64_t i = 0; i < rows; i++) {
                if (span.is_null(i)) found[i] = none;
            }
        }
        break;
    case Layout::Dictionary: {
        std::vector<uint8_t> values(static_cast<size_t>(reader.dictionary_size()) + 1);
        search_column(needles, reader.dictionary(), reader.dictionary_size(), values.data() + 1);
        values[0] = in_text(needles, kNone);
        for (int64_t i = 0; i < rows; i++) found[i] = values[static_cast<size_t>(reader.index(i) + 1)];
        break;
    }
    default: search_values(needles, reader, rows, found);
    }
}

nb::bytes contains(const std::string &type_name, const nb::object &array, const std::vector<nb::bytes> &texts,
                   bool fold) {
    ColumnType type;
    if (!find_type(type_name, &type) || type.type == Type::Json || type.type == Type::Pickle) {
        throw nb::value_error(("texts of the column type " + type_name + " cannot be searched").c_str());
    }
    Needles needles;
    for (const nb::bytes &text : texts) needles.emplace_back(std::string_view(text.c_str(), text.size()), fold);
    return translated([&] {
        Taken taken(array.ptr());
        ColumnReader reader(type.type);
        const int64_t rows = taken.array.length;
        reader.bind(&taken.schema, &taken.array, 0, rows);
        std::vector<uint8_t> found(static_cast<size_t>(rows));
        {
            nb::gil_scoped_release release;
            search_column(needles, reader, rows, found.data());
        }
        return nb::bytes(reinterpret_cast<const char *>(found.data()), found.size());
    });
}

}  // namespace

}  // namespace kernel

void bind_contains(nb::module_ &m) {
    m.def("contains", &kernel::contains, nb::arg("type"), nb::arg("array"), nb::arg("texts"), nb::arg("fold"));
}
