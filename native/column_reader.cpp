// What comes in is not trusted: lengths, offsets, indices and buffers are checked when a batch is bound, in loops
// that the compiler can vectorise, so that reading single values needs no checks.
#include "column_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace kernel {

namespace {

constexpr int64_t kMaxLength = int64_t{1} << 56;
constexpr size_t kDateCache = 4096;  // more than ten years: small enough for the cache, and most data has fewer days

[[noreturn]] void invalid(const char *what) { throw std::invalid_argument(std::string("Arrow array is not valid: ") + what); }

void check_shape(const ArrowArray *array, int64_t buffers, int64_t children) {
    if (!array || array->length < 0 || array->offset < 0 || array->length > kMaxLength || array->offset > kMaxLength) {
        invalid("length or offset out of range");
    }
    if (array->n_buffers < buffers || (buffers && !array->buffers)) invalid("too few buffers");
    if (array->n_children < children || (children && !array->children)) invalid("too few children");
}

template <class O> void check_offsets(const O *offsets, int64_t rows) {
    bool bad = offsets[0] < 0;
    for (int64_t k = 0; k < rows; k++) bad |= offsets[k + 1] < offsets[k];
    if (bad) invalid("offsets go down");
}

}  // namespace

Span fixed_span(const ArrowArray *array, int64_t skip, int64_t rows, int64_t width, bool has_data) {
    check_shape(array, has_data ? 2 : 1, 0);
    if (skip + rows > array->length) invalid("shorter than its parent");
    Span span;
    span.valid_offset = array->offset + skip;
    span.valid = array->null_count == 0 ? nullptr : static_cast<const uint8_t *>(array->buffers[0]);
    if (has_data) {
        span.data = array->buffers[1];
        if (!span.data && rows) invalid("no data");
        if (span.data) span.data = static_cast<const char *>(span.data) + span.valid_offset * width;
    }
    return span;
}

Span text_span(const ArrowArray *array, int64_t skip, int64_t rows, bool wide) {
    check_shape(array, 3, 0);
    Span span = fixed_span(array, skip, rows, wide ? 8 : 4);
    span.bytes = static_cast<const char *>(array->buffers[2]);
    if (!rows) return span;
    if (wide) {
        check_offsets(static_cast<const int64_t *>(span.data), rows);
        span.end = span.at<int64_t>(rows);
    } else {
        check_offsets(static_cast<const int32_t *>(span.data), rows);
        span.end = span.at<int32_t>(rows);
    }
    if (!span.bytes) {
        if (span.end) invalid("no data");
        span.bytes = "";
    }
    return span;
}

namespace {

bool is_text_format(const char *format) { return std::strlen(format) == 1 && std::strchr("uzUZ", format[0]); }
bool is_wide_text(const char *format) { return format[0] == 'U' || format[0] == 'Z'; }

[[noreturn]] void does_not_fit(Type type, const char *format) {
    throw std::domain_error(std::string("Arrow type with format '") + format + "' does not fit column type " +
                            type_name(type));
}

bool equals(const char *format, const char *wanted) { return std::strcmp(format, wanted) == 0; }

}  // namespace

// How each layout becomes Python objects; one function each, chosen once a batch.
struct Getters {
    template <class F> static PyObject *nullable(ColumnReader &r, int64_t i, F &&make) {
        if (r.span_.is_null(i)) [[unlikely]] return Py_NewRef(Py_None);
        return make();
    }
    static PyObject *none(ColumnReader &, int64_t) { return Py_NewRef(Py_None); }
    static PyObject *int32(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return recycled_int(r.span_.at<int32_t>(i), r.recycled_); });
    }
    static PyObject *int64(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return recycled_int(r.span_.at<int64_t>(i), r.recycled_); });
    }
    static PyObject *float32(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return recycled_float(r.span_.at<float>(i), r.recycled_); });
    }
    static PyObject *float64(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return recycled_float(r.span_.at<double>(i), r.recycled_); });
    }
    static PyObject *boolean(ColumnReader &r, int64_t i) {
        PyObject *const values[] = {Py_False, Py_True};  // no branch: half of them would be guessed wrong
        return nullable(r, i, [&] { return Py_NewRef(values[r.span_.bit(i)]); });
    }
    static PyObject *date(ColumnReader &r, int64_t i) {
        if (r.span_.is_null(i)) return Py_NewRef(Py_None);
        const int64_t days = r.span_.at<int32_t>(i);
        auto &slot = r.dates_[static_cast<uint64_t>(days) % kDateCache];
        if (slot.date && slot.days == days) return Py_NewRef(slot.date);
        if (slot.date && change_date(slot.date, days)) {
            slot.days = days;
            return Py_NewRef(slot.date);
        }
        PyObject *made = make_date(days);
        if (!made) return nullptr;
        PyObject *old = std::exchange(slot.date, Py_NewRef(made));
        slot.days = days;
        Py_XDECREF(old);
        return made;
    }
    static PyObject *datetime(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return recycled_datetime(r.span_.at<int64_t>(i), r.recycled_); });
    }
    static PyObject *utc_datetime(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return make_datetime(r.span_.at<int64_t>(i), r.flags_); });
    }
    static PyObject *time(ColumnReader &r, int64_t i) {
        return nullable(r, i, [&] { return recycled_time(r.span_.at<int64_t>(i), r.recycled_); });
    }
    static PyObject *number(ColumnReader &r, int64_t i) {
        const Span &integers = r.children_[0], &floats = r.children_[1];
        if (!r.span_.is_null(i)) {
            if (!integers.is_null(i)) return recycled_int(integers.at<int64_t>(i), r.recycled_);
            if (!floats.is_null(i)) return recycled_float(floats.at<double>(i), r.recycled_);
        }
        return by_cell(r, i);
    }
    static PyObject *exact(ColumnReader &r, int64_t i) {
        if (r.span_.is_null(i) || r.children_[0].is_null(i)) [[unlikely]] return Py_NewRef(Py_None);
        const double value = r.children_[0].at<double>(i);
        int64_t whole;
        return r.is_whole(i, value, whole) ? recycled_int(whole, r.recycled_) : recycled_float(value, r.recycled_);
    }
    template <class F> static PyObject *complex(ColumnReader &r, int64_t i) {
        return nullable(
            r, i, [&] { return recycled_complex(r.children_[0].at<F>(i), r.children_[1].at<F>(i), r.recycled_); });
    }
    static PyObject *by_cell(ColumnReader &r, int64_t i) {
        Cell cell;
        r.cell(i, cell);
        return from_cell(r.type_, cell);
    }
    template <class O> static PyObject *text(ColumnReader &r, int64_t i) {
        if (r.span_.is_null(i)) [[unlikely]] return Py_NewRef(Py_None);
        const O start = r.span_.at<O>(i);
        return recycled_text(r.span_.bytes + start, r.span_.at<O>(i + 1) - start, r.span_.end - start, r.recycled_);
    }
    template <class O> static PyObject *bytes(ColumnReader &r, int64_t i) {
        if (r.span_.is_null(i)) [[unlikely]] return Py_NewRef(Py_None);
        const O start = r.span_.at<O>(i);
        return recycled_bytes(r.span_.bytes + start, r.span_.at<O>(i + 1) - start, r.span_.end - start, r.recycled_);
    }
    template <class O> static PyObject *pickled(ColumnReader &r, int64_t i) {
        if (r.span_.is_null(i)) [[unlikely]] return Py_NewRef(Py_None);
        const O start = r.span_.at<O>(i);
        if (PyObject *made = plain_unpickled(r.span_.bytes + start, r.span_.at<O>(i + 1) - start)) return made;
        const Ref data(bytes<O>(r, i));
        return data ? unpickled(data.get()) : nullptr;
    }
    static PyObject *shared(ColumnReader &r, int64_t i) {
        const int64_t k = r.index(i);
        if (k < 0) return Py_NewRef(Py_None);
        PyObject *&made = r.made_[static_cast<size_t>(k)];
        if (!made && !(made = r.dictionary_->get(k))) return nullptr;
        return Py_NewRef(made);
    }
    // Values of a large dictionary lie far apart, and so would strings that are kept: fetching those takes longer than
    // making one from bytes that have been asked for in time.
    static PyObject *distant(ColumnReader &r, int64_t i) {
        if (const int64_t later = i + kAhead; later < r.rows_) r.dictionary_->prefetch(r.index(later));
        return unshared(r, i);
    }
    static PyObject *unshared(ColumnReader &r, int64_t i) {  // json and pickle make objects that may change
        const int64_t k = r.index(i);
        return k < 0 ? Py_NewRef(Py_None) : r.dictionary_->get(k);
    }

    static constexpr int64_t kAhead = 8;

    static ColumnReader::Get choose(Type type, Layout layout, bool utc, bool large) {
        switch (layout) {
        case Layout::Null: return none;
        case Layout::I32: return type == Type::Date ? date : int32;
        case Layout::I64:
            if (type == Type::DateTime) return utc ? utc_datetime : datetime;
            return type == Type::Time ? time : int64;
        case Layout::Number: return number;
        case Layout::Exact: return exact;
        case Layout::Complex32: return complex<float>;
        case Layout::Complex64: return complex<double>;
        case Layout::F32: return float32;
        case Layout::F64: return float64;
        case Layout::Bit: return boolean;
        case Layout::Text32:
            if (type == Type::Bytes) return bytes<int32_t>;
            if (type == Type::Pickle) return pickled<int32_t>;
            return type == Type::Ascii || type == Type::Unicode ? text<int32_t> : by_cell;
        case Layout::Text64:
            if (type == Type::Bytes) return bytes<int64_t>;
            if (type == Type::Pickle) return pickled<int64_t>;
            return type == Type::Ascii || type == Type::Unicode ? text<int64_t> : by_cell;
        case Layout::Dictionary: return !has_hash(type) ? unshared : large ? distant : shared;
        default: return by_cell;
        }
    }
};

ColumnReader::~ColumnReader() {
    forget_dictionary();
    if (dates_) {
        for (size_t k = 0; k < kDateCache; k++) Py_XDECREF(dates_[k].date);
    }
}

void ColumnReader::forget_dictionary() {
    for (PyObject *p : std::exchange(made_, {})) Py_XDECREF(p);
}

void ColumnReader::bind(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows) {
    const char *f = schema->format;
    if (!f) invalid("no format");
    flags_ = 0;
    const auto fixed = [&](Layout layout, int64_t width) {
        layout_ = layout;
        span_ = fixed_span(array, skip, rows, width);
    };
    if (schema->dictionary) {
        bind_dictionary(schema, array, skip, rows);
    } else if (equals(f, "n")) {
        check_shape(array, 0, 0);
        if (skip + rows > array->length) invalid("shorter than its parent");
        layout_ = Layout::Null;
        span_ = Span();
    } else if (equals(f, "+s")) {
        bind_struct(schema, array, skip, rows);
    } else if (is_text(type_) && is_text_format(f)) {
        layout_ = is_wide_text(f) ? Layout::Text64 : Layout::Text32;
        span_ = text_span(array, skip, rows, is_wide_text(f));
    } else if (equals(f, "i") && (type_ == Type::Int32 || type_ == Type::Int64 || type_ == Type::Number)) {
        fixed(Layout::I32, 4);
    } else if (equals(f, "l") && (type_ == Type::Int64 || type_ == Type::Number)) {
        fixed(Layout::I64, 8);
    } else if (equals(f, "f") && (type_ == Type::Float32 || type_ == Type::Float64 || type_ == Type::Number)) {
        fixed(Layout::F32, 4);
    } else if (equals(f, "g") && (type_ == Type::Float64 || type_ == Type::Number)) {
        fixed(Layout::F64, 8);
    } else if (equals(f, "b") && type_ == Type::Bool) {
        fixed(Layout::Bit, 0);
    } else if (equals(f, "tdD") && type_ == Type::Date) {
        fixed(Layout::I32, 4);
        if (!dates_) dates_ = std::make_unique<CachedDate[]>(kDateCache);
    } else if (std::strncmp(f, "tsu:", 4) == 0 && type_ == Type::DateTime) {
        fixed(Layout::I64, 8);
        flags_ = f[4] ? kUtc : 0;  // with any zone the stored instants count from 1970 in UTC
    } else if (equals(f, "ttu") && type_ == Type::Time) {
        fixed(Layout::I64, 8);
    } else {
        does_not_fit(type_, f);
    }
    if (layout_ != Layout::Dictionary) dictionary_.reset();
    const bool large = dictionary_ && dictionary_->span_.bytes && dictionary_->span_.end > kNear;
    get_ = Getters::choose(type_, layout_, flags_ & kUtc, large);
}

void ColumnReader::bind_struct(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows) {
    // Where there are no big integers, they need not be read.
    has_big_ = type_ == Type::Number && schema->n_children == 3;
    const int64_t children = has_big_ ? 3 : 2;
    check_shape(array, 1, children);
    if (schema->n_children != children || !schema->children) does_not_fit(type_, schema->format);
    span_ = fixed_span(array, skip, rows, 0, false);
    const int64_t inner = array->offset + skip;
    const auto child = [&](int k, const char *format, int64_t width) {
        const char *f = schema->children[k]->format;
        if (!f || schema->children[k]->dictionary || std::strncmp(f, format, std::strlen(format)) != 0) {
            does_not_fit(type_, f ? f : "");
        }
        children_[k] = fixed_span(array->children[k], inner, rows, width);
    };
    if (type_ == Type::Number && children == 2 && schema->children[0]->format && equals(schema->children[0]->format, "g")) {
        layout_ = Layout::Exact;
        child(0, "g", 8);
        child(1, "b", 0);
    } else if (type_ == Type::Number) {
        layout_ = Layout::Number;
        child(0, "l", 8);
        child(1, "g", 8);
        if (has_big_) {
            const char *f = schema->children[2]->format;
            if (!f || !is_text_format(f)) does_not_fit(type_, f ? f : "");
            big_wide_ = is_wide_text(f);
            children_[2] = text_span(array->children[2], inner, rows, big_wide_);
        }
    } else if (type_ == Type::DateTime || type_ == Type::Time) {
        layout_ = Layout::Flagged;
        child(0, type_ == Type::Time ? "ttu" : "tsu:", 8);
        child(1, "C", 1);
    } else if (type_ == Type::Complex32 || type_ == Type::Complex64) {
        const bool wide = schema->children[0]->format && equals(schema->children[0]->format, "g");
        layout_ = wide ? Layout::Complex64 : Layout::Complex32;
        for (int k = 0; k < 2; k++) child(k, wide ? "g" : "f", wide ? 8 : 4);
    } else {
        does_not_fit(type_, schema->format);
    }
}

void ColumnReader::bind_dictionary(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows) {
    const char *f = schema->format;
    if (std::strlen(f) != 1 || !std::strchr("cCsSiIlL", f[0])) does_not_fit(type_, f);
    index_format_ = f[0];
    const int64_t width = std::strchr("cC", f[0]) ? 1 : std::strchr("sS", f[0]) ? 2 : std::strchr("iI", f[0]) ? 4 : 8;
    const ArrowArray *values = array->dictionary;
    if (!values || schema->dictionary->dictionary) invalid("dictionary");
    check_shape(values, 0, 0);
    // Batches of one row group share their dictionary; so do the Python strings then.
    const void *identity[3] = {};
    for (int64_t k = 0; k < std::min<int64_t>(3, values->n_buffers); k++) identity[k] = values->buffers[k];
    const bool same = layout_ == Layout::Dictionary && dictionary_ && dictionary_size_ == values->length &&
                      dictionary_offset_ == values->offset && std::equal(identity, identity + 3, dictionary_identity_);
    span_ = fixed_span(array, skip, rows, width);
    layout_ = Layout::Dictionary;
    rows_ = rows;
    if (!same) {
        forget_dictionary();
        dictionary_ = std::make_unique<ColumnReader>(type_);
        dictionary_->bind(schema->dictionary, values, 0, values->length);
        dictionary_size_ = values->length;
        dictionary_offset_ = values->offset;
        std::copy(identity, identity + 3, dictionary_identity_);
        made_.resize(static_cast<size_t>(dictionary_size_));
    }
    bool bad = false;
    for (int64_t i = 0; i < rows; i++) bad |= index(i) >= dictionary_size_;
    if (bad) invalid("dictionary index out of range");
}

void ColumnReader::prefetch(int64_t i) const {
    if (i < 0 || (layout_ != Layout::Text32 && layout_ != Layout::Text64)) return;
    const char *text = span_.bytes + (layout_ == Layout::Text32 ? span_.at<int32_t>(i) : span_.at<int64_t>(i));
    __builtin_prefetch(text);
    __builtin_prefetch(text + 64);
}

int64_t ColumnReader::index(int64_t i) const {
    if (span_.is_null(i)) return -1;
    int64_t k = 0;
    switch (index_format_) {
    case 'c': k = span_.at<int8_t>(i); break;
    case 'C': k = span_.at<uint8_t>(i); break;
    case 's': k = span_.at<int16_t>(i); break;
    case 'S': k = span_.at<uint16_t>(i); break;
    case 'i': k = span_.at<int32_t>(i); break;
    case 'I': k = span_.at<uint32_t>(i); break;
    default: k = span_.at<int64_t>(i); break;
    }
    // Below zero (or beyond 63 bits) is no index: made so large that the check in bind finds it.
    return k < 0 ? INT64_MAX : k;
}

void ColumnReader::cell(int64_t i, Cell &out) const {
    if (layout_ == Layout::Null || span_.is_null(i)) {
        out.tag = Tag::None;
        return;
    }
    const auto text = [&](const Span &span, bool wide) {
        if (wide) out.set_view(span.bytes + span.at<int64_t>(i), span.at<int64_t>(i + 1) - span.at<int64_t>(i));
        else out.set_view(span.bytes + span.at<int32_t>(i), span.at<int32_t>(i + 1) - span.at<int32_t>(i));
    };
    out.flags = flags_;
    switch (layout_) {
    case Layout::I32: out.set_int(span_.at<int32_t>(i)); break;
    case Layout::I64: out.set_int(span_.at<int64_t>(i)); break;
    case Layout::F32: out.set_float(span_.at<float>(i)); break;
    case Layout::F64: out.set_float(span_.at<double>(i)); break;
    case Layout::Bit: out.set_int(span_.bit(i)); break;
    case Layout::Text32: text(span_, false); break;
    case Layout::Text64: text(span_, true); break;
    case Layout::Number:
        if (!children_[0].is_null(i)) {
            out.set_int(children_[0].at<int64_t>(i));
        } else if (!children_[1].is_null(i)) {
            out.set_float(children_[1].at<double>(i));
        } else if (has_big_ && !children_[2].is_null(i)) {
            text(children_[2], big_wide_);
            out.tag = Tag::Big;
        } else {
            out.tag = Tag::None;
        }
        break;
    case Layout::Exact: {
        const double value = children_[0].at<double>(i);
        int64_t whole;
        if (children_[0].is_null(i)) out.tag = Tag::None;
        else if (is_whole(i, value, whole)) out.set_int(whole);
        else out.set_float(value);
        break;
    }
    case Layout::Flagged:
        if (children_[0].is_null(i)) {
            out.tag = Tag::None;
            break;
        }
        out.set_int(children_[0].at<int64_t>(i));
        out.flags = children_[1].is_null(i) ? 0 : children_[1].at<uint8_t>(i);
        break;
    case Layout::Complex32:
    case Layout::Complex64:
        out.tag = Tag::Complex;
        out.d = layout_ == Layout::Complex64 ? children_[0].at<double>(i) : children_[0].at<float>(i);
        out.im = layout_ == Layout::Complex64 ? children_[1].at<double>(i) : children_[1].at<float>(i);
        break;
    case Layout::Dictionary: dictionary_->cell(index(i), out); break;
    case Layout::Null: break;
    }
}

Taken::Taken(PyObject *exportable) : Taken() {
    Ref pair(checked(PyObject_CallMethod(exportable, "__arrow_c_array__", nullptr)));
    if (!PyTuple_Check(pair.get()) || PyTuple_GET_SIZE(pair.get()) != 2) {
        throw std::domain_error("__arrow_c_array__ did not return a pair of capsules");
    }
    auto *s = static_cast<ArrowSchema *>(PyCapsule_GetPointer(PyTuple_GET_ITEM(pair.get(), 0), "arrow_schema"));
    if (!s) throw PythonError();
    auto *a = static_cast<ArrowArray *>(PyCapsule_GetPointer(PyTuple_GET_ITEM(pair.get(), 1), "arrow_array"));
    if (!a) throw PythonError();
    if (!s->release || !a->release) invalid("already released");
    schema = *s;
    s->release = nullptr;
    array = *a;
    a->release = nullptr;
}

Taken::~Taken() {
    if (array.release) array.release(&array);
    if (schema.release) schema.release(&schema);
}

}  // namespace kernel
