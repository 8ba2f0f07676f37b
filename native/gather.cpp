// Rows picked from columns that come in several arrays, in any order, without putting the arrays together first.
#include "array.h"
#include "column_reader.h"
#include "value_text.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <set>
#include <string>

namespace nb = nanobind;
using arrow_abi::Buffer;
using arrow_abi::Column;

namespace kernel {

namespace {

constexpr int64_t kAhead = 16;  // rows whose text is fetched while others are copied
constexpr int64_t kShort = 16;  // text up to here is copied at once, where so much may be read
constexpr int64_t kMostText = INT32_MAX;

// Where a row is: in which array, and there.
struct Place {
    uint32_t piece;
    uint32_t row;
};

// Formats and names of fields are kept for as long as the program runs: there are few.
const char *kept(const std::string &text) {
    static std::set<std::string> texts;
    return texts.insert(text).first->c_str();
}

// Bytes of a value of fixed width; 0 for bool, -1 for others.
int width_of(const std::string &format) {
    if (format == "b") return 0;
    if (format.size() == 1) {
        switch (format[0]) {
        case 'c': case 'C': return 1;
        case 's': case 'S': case 'e': return 2;
        case 'i': case 'I': case 'f': return 4;
        case 'l': case 'L': case 'g': return 8;
        default: return -1;
        }
    }
    if (format == "tdD" || format == "tts" || format == "ttm") return 4;
    if (format == "tdm" || format == "ttu" || format == "ttn" || format.starts_with("ts") || format.starts_with("tD")) return 8;
    return -1;
}

bool is_text(const std::string &format) { return format == "u" || format == "z" || format == "U" || format == "Z"; }

// One column, or one field of it: the pieces as they came, all of one type.
struct Pieces {
    const char *format = nullptr;
    int width = -1;
    bool wide = false;     // text with 64 bit offsets
    bool nullable = true;  // as fields of structs are said to be
    bool has_null = false;
    std::vector<Span> spans;
    std::vector<Pieces> fields;
    std::vector<const char *> names;

    void add(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows) {
        const std::string own = schema->format;
        if (!format) start(own, schema);
        if (own != format || schema->n_children != static_cast<int64_t>(fields.size()) || schema->dictionary) {
            throw std::domain_error("arrays of one column have different types, or dictionaries");
        }
        if (width >= 0) spans.push_back(fixed_span(array, skip, rows, width));
        else if (is_text(own)) spans.push_back(text_span(array, skip, rows, wide));
        else {
            spans.push_back(fixed_span(array, skip, rows, 0, false));
            if (array->n_children < schema->n_children) throw std::invalid_argument("a struct lacks fields");
            for (size_t k = 0; k < fields.size(); k++) {
                fields[k].add(schema->children[k], array->children[k], array->offset + skip, rows);
            }
        }
        has_null |= spans.back().valid != nullptr;
    }

private:
    void start(const std::string &own, const ArrowSchema *schema) {
        width = width_of(own);
        if (width < 0 && !is_text(own) && own != "+s") throw std::domain_error("rows of Arrow type '" + own + "' cannot be picked");
        format = kept(own);
        nullable = schema->flags & ARROW_FLAG_NULLABLE;
        wide = own == "U" || own == "Z";
        if (own != "+s") return;
        fields.resize(static_cast<size_t>(schema->n_children));
        for (int64_t k = 0; k < schema->n_children; k++) names.push_back(kept(schema->children[k]->name));
    }
};

using Places = std::vector<Place>;

template <class T> void pick_fixed(const Pieces &from, const Places &places, uint8_t *out) {
    T *to = reinterpret_cast<T *>(out);
    for (size_t i = 0; i < places.size(); i++) {
        // Like this for the compiler that Arrow's values, int64 or double, are but bytes.
        std::memcpy(to + i, static_cast<const T *>(from.spans[places[i].piece].data) + places[i].row, sizeof(T));
    }
}

template <class Bit> void pick_bits(const Places &places, Buffer &buffer, Bit &&bit) {
    buffer.resize_zero((places.size() + 7) / 8);
    uint8_t *to = buffer.data();
    for (size_t i = 0; i < places.size(); i++) to[i >> 3] |= static_cast<uint8_t>(bit(places[i]) << (i & 7));
}

// False if there is more text than one array can have.
template <class O> bool pick_text(const Pieces &from, const Places &places, Column &out) {
    const size_t rows = places.size();
    out.buffers[1].resize((rows + 1) * sizeof(int32_t));
    int32_t *offsets = out.buffers[1].as<int32_t>();
    std::vector<const char *> texts(rows);
    int64_t total = 0;
    for (size_t i = 0; i < rows; i++) {
        const Span &span = from.spans[places[i].piece];
        const O *at = static_cast<const O *>(span.data) + places[i].row;
        offsets[i] = static_cast<int32_t>(total);
        texts[i] = span.bytes + at[0];
        total += at[1] - at[0];
        if (total > kMostText) return false;
    }
    offsets[rows] = static_cast<int32_t>(total);
    out.buffers[2].resize(static_cast<size_t>(total) + kShort);
    char *to = out.buffers[2].as<char>();
    for (size_t i = 0; i < rows; i++) {
        if (i + kAhead < rows) __builtin_prefetch(texts[i + kAhead]);
        const auto size = static_cast<size_t>(offsets[i + 1] - offsets[i]);
        const Span &span = from.spans[places[i].piece];
        if (size <= kShort && texts[i] + kShort <= span.bytes + span.end) std::memcpy(to + offsets[i], texts[i], kShort);
        else std::memcpy(to + offsets[i], texts[i], size);
    }
    out.buffers[2].resize(static_cast<size_t>(total));
    return true;
}

bool pick(const Pieces &from, const Places &places, Column &out) {
    out.format = !from.wide ? from.format : *from.format == 'U' ? "u" : "z";
    out.nullable = from.nullable;
    out.length = static_cast<int64_t>(places.size());
    out.buffers.resize(is_text(from.format) ? 3 : from.width < 0 ? 1 : 2);
    if (from.has_null) {
        pick_bits(places, out.buffers[0], [&](Place place) { return !from.spans[place.piece].is_null(place.row); });
        int64_t valid = 0;
        for (size_t k = 0; k < out.buffers[0].size(); k++) valid += __builtin_popcount(out.buffers[0].data()[k]);
        out.null_count = out.length - valid;
    }
    if (is_text(from.format)) return from.wide ? pick_text<int64_t>(from, places, out) : pick_text<int32_t>(from, places, out);
    if (from.width < 0) {
        out.children.resize(from.fields.size());
        for (size_t k = 0; k < from.fields.size(); k++) {
            out.children[k].name = from.names[k];
            if (!pick(from.fields[k], places, out.children[k])) return false;
        }
        return true;
    }
    if (from.width == 0) {
        pick_bits(places, out.buffers[1], [&](Place place) { return from.spans[place.piece].bit(place.row); });
        return true;
    }
    out.buffers[1].resize(places.size() * static_cast<size_t>(from.width));
    uint8_t *to = out.buffers[1].data();
    switch (from.width) {
    case 1: pick_fixed<uint8_t>(from, places, to); break;
    case 2: pick_fixed<uint16_t>(from, places, to); break;
    case 4: pick_fixed<uint32_t>(from, places, to); break;
    default: pick_fixed<uint64_t>(from, places, to);
    }
    return true;
}

class Gather {
public:
    // For each column its arrays. Those of all columns have the same lengths, one after the other.
    explicit Gather(const std::vector<std::vector<nb::object>> &columns) {
        translated([&] {
            for (const auto &arrays : columns) add(arrays);
        });
        // So that only a few arrays begin in what one entry of the table stands for.
        while (starts_.size() > 1 && (total() >> shift_) > 4 * static_cast<int64_t>(starts_.size())) shift_++;
        uint32_t piece = 0;
        for (int64_t row = 0; row < total(); row += int64_t{1} << shift_) {
            while (starts_[piece + 1] <= row) piece++;
            guess_.push_back(piece);
        }
    }

    Gather(const Gather &) = delete;
    Gather &operator=(const Gather &) = delete;

    int64_t total() const { return starts_.back(); }

    template <class Position>
    std::vector<nb::object> take(const nb::ndarray<const Position, nb::ndim<1>, nb::c_contig, nb::device::cpu> &positions) const {
        return translated([&] {
            std::vector<Column> made(columns_.size());
            bool fits = true;
            {
                nb::gil_scoped_release release;
                const Places places = located(positions.data(), positions.shape(0));
                for (size_t k = 0; fits && k < columns_.size(); k++) fits = pick(columns_[k], places, made[k]);
            }
            if (!fits) {
                PyErr_SetString(PyExc_OverflowError, "one array cannot have so much text");
                throw PythonError();
            }
            std::vector<nb::object> arrays;
            for (Column &column : made) arrays.push_back(nb::steal(checked(make_array(std::move(column)))));
            return arrays;
        });
    }

private:
    void add(const std::vector<nb::object> &arrays) {
        Pieces pieces;
        std::vector<int64_t> starts{0};
        for (const nb::object &array : arrays) {
            taken_.emplace_back(array.ptr());
            const Taken &taken = taken_.back();
            const int64_t rows = taken.array.length;
            if (rows > UINT32_MAX) throw std::invalid_argument("an array of too many rows");
            if (!rows && pieces.format) continue;  // where rows are looked for, each array has some
            pieces.add(&taken.schema, &taken.array, 0, rows);
            if (!rows) pieces.spans.clear(), drop(pieces);
            else starts.push_back(starts.back() + rows);
        }
        if (!columns_.empty() && starts != starts_) throw std::invalid_argument("columns of different lengths");
        if (!pieces.format) throw std::invalid_argument("a column without arrays");
        starts_ = starts;
        columns_.push_back(std::move(pieces));
    }

    static void drop(Pieces &pieces) {
        for (Pieces &field : pieces.fields) field.spans.clear(), drop(field);
    }

    template <class Position> Places located(const Position *positions, size_t count) const {
        Places places(count);
        const auto rows = static_cast<uint64_t>(total());
        for (size_t i = 0; i < count; i++) {
            const auto row = static_cast<uint64_t>(positions[i]);  // one below zero is too great then
            if (row >= rows) throw std::invalid_argument("there is no such row");
            uint32_t piece = guess_[row >> shift_];
            while (static_cast<uint64_t>(starts_[piece + 1]) <= row) piece++;
            places[i] = {piece, static_cast<uint32_t>(row - static_cast<uint64_t>(starts_[piece]))};
        }
        return places;
    }

    std::vector<Taken> taken_;
    std::vector<Pieces> columns_;
    std::vector<int64_t> starts_{0};  // of each array, and the end
    std::vector<uint32_t> guess_;     // by row >> shift_: an array that is not behind it
    int shift_ = 0;
};

}  // namespace

}  // namespace kernel

void bind_gather(nb::module_ &m) {
    using kernel::Gather;
    nb::class_<Gather>(m, "Gather")
        .def(nb::init<const std::vector<std::vector<nb::object>> &>(), nb::arg("columns"))
        .def("__len__", &Gather::total)
        .def("take", &Gather::take<uint32_t>, nb::arg("positions").noconvert())
        .def("take", &Gather::take<int64_t>, nb::arg("positions").noconvert());
}
