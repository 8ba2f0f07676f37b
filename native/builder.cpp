#include "builder.h"

#include <bit>
#include <climits>
#include <cstring>
#include <string>
#include <string_view>

namespace kernel {

using arrow_abi::Buffer;
using arrow_abi::Column;

namespace {

constexpr uint8_t kIntTag = 0, kFloatTag = 1, kBigTag = 2;

// Integers up to here are doubles too.
constexpr int64_t kExact = int64_t{1} << 53;

// Bytes that are 1 for yes and 0 for no -> a bitmap; returns how many say no.
int64_t pack_bits(const uint8_t *bytes, int64_t n, Buffer &out) {
    out.resize_zero(static_cast<size_t>((n + 7) / 8));
    uint8_t *bits = out.data();
    int64_t k = 0, set = 0;
    if constexpr (std::endian::native == std::endian::little) {
        for (; k + 8 <= n; k += 8) {
            uint64_t eight;
            std::memcpy(&eight, bytes + k, 8);
            // Each byte moves its bit to its place in the highest byte.
            bits[k >> 3] = static_cast<uint8_t>(eight * 0x0102040810204080 >> 56);
            set += std::popcount(eight);
        }
    }
    for (; k < n; k++) {
        bits[k >> 3] |= static_cast<uint8_t>(bytes[k] << (k & 7));
        set += bytes[k];
    }
    return n - set;
}

// One key and its value as the C data interface wants metadata: counts and lengths are native int32.
std::string extension_metadata(std::string_view extension) {
    std::string out;
    const auto number = [&](size_t v) {
        const auto n = static_cast<int32_t>(v);
        out.append(reinterpret_cast<const char *>(&n), 4);
    };
    number(2);
    for (const std::string_view text : {std::string_view("ARROW:extension:name"), extension,
                                        std::string_view("ARROW:extension:metadata"), std::string_view()}) {
        number(text.size());
        out.append(text);
    }
    return out;
}

Column child_of(const char *name, const char *format, int64_t length, size_t buffers) {
    Column child;
    child.name = name;
    child.format = format;
    child.length = length;
    child.buffers.resize(buffers);
    return child;
}

}  // namespace

// ---- accepting values ----

bool Builder::prepare(PyObject *value, Cell &out) {
    if (value == Py_None) {
        if (none_ok_) {
            out.tag = Tag::None;
            return true;
        }
        if (has_default_) {
            out.alias(default_);
            return true;
        }
        PyErr_SetString(PyExc_ValueError, "None cannot be stored without none_support");
        return explain(value);
    }
    if (to_cell(type_, value, out)) [[likely]] return true;
    if (has_default_ && (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
                         PyErr_ExceptionMatches(PyExc_OverflowError))) {
        PyErr_Clear();
        Py_CLEAR(out.owned);
        out.alias(default_);
        return true;
    }
    return explain(value);
}

void Builder::set_default(PyObject *value) {
    if (type_.type == Type::Pickle) {
        PyErr_SetString(PyExc_AssertionError, "a pickle column can have no default");
        throw PythonError();
    }
    if (!prepare(value, default_)) throw PythonError();
    if (default_.tag != Tag::None) {
        if (default_.tag == Tag::Text) {
            default_.owned = checked(PyUnicode_AsUTF8String(default_.text()));
            default_.set_view(PyBytes_AS_STRING(default_.owned), PyBytes_GET_SIZE(default_.owned));
        } else if (default_.tag == Tag::View && !default_.owned) {
            default_.owned = Py_NewRef(value);  // what it points into
        }
    }
    has_default_ = true;
}

// Ends the text of the error that is set with the place; a subclass with its own arguments gets a note instead.
bool Builder::explain(PyObject *value) const {
    Ref raised = take_error();
    PyObject *error = raised.get();
    Ref shown(PyObject_Repr(value));
    if (!shown) {
        PyErr_Clear();
        shown = Ref(PyUnicode_FromFormat("<%s>", Py_TYPE(value)->tp_name));
    } else if (PyUnicode_GET_LENGTH(shown.get()) > 80) {
        Ref start(PyUnicode_Substring(shown.get(), 0, 80));
        shown = start ? Ref(PyUnicode_FromFormat("%U...", start.get())) : Ref();
    }
    Ref place;
    if (shown) {
        place = Ref(PyUnicode_FromFormat("(value %U, column %R, type %s%s, row %lld, dataset %U)", shown.get(),
                                         name.get(), type_.parsed ? "parsed:" : "", type_name(type_.type),
                                         static_cast<long long>(taken_ + pending_ + 1), where.get()));
    }
    if (place) {
        auto *type = reinterpret_cast<PyObject *>(Py_TYPE(error));
        if (type == PyExc_TypeError || type == PyExc_ValueError || type == PyExc_OverflowError) {
            Ref text(PyObject_Str(error));
            Ref full(text ? PyUnicode_FromFormat("%U %U", text.get(), place.get()) : nullptr);
            Ref arguments(full ? PyTuple_Pack(1, full.get()) : nullptr);
            if (arguments) PyObject_SetAttrString(error, "args", arguments.get());
        } else if (type == PyExc_UnicodeEncodeError) {
            Ref reason(PyUnicodeEncodeError_GetReason(error));
            Ref full(reason ? PyUnicode_FromFormat("%U %U", reason.get(), place.get()) : nullptr);
            if (full) PyObject_SetAttrString(error, "reason", full.get());
        } else if (PyErr_GivenExceptionMatches(type, PyExc_Exception)) {
            Py_XDECREF(PyObject_CallMethod(error, "add_note", "O", place.get()));
        }
    }
    PyErr_Clear();  // what went wrong in telling is not what the user must know
    restore_error(std::move(raised));
    return false;
}

// ---- storing cells ----

size_t Builder::width() const {
    switch (type_.type) {
    case Type::Bool: return 1;
    case Type::Int32:
    case Type::Float32:
    case Type::Date: return 4;
    case Type::Complex64: return 16;
    default: return is_text(type_.type) ? 0 : 8;
    }
}

void Builder::set_tag(uint8_t tag) {
    if (!tags_.size()) {
        if (!tag) return;
        tags_.resize_zero(static_cast<size_t>(pending_));
    }
    tags_.append_byte(tag);
}

void Builder::append(const Cell &cell) {
    if (!pending_) {  // batches are about as large as the one before: no growing by steps
        fixed_.reserve(room_.fixed);
        ends_.reserve(room_.ends);
        bytes_.reserve(room_.bytes);
    }
    const bool none = cell.tag == Tag::None;
    if (none || valid_.size()) [[unlikely]] {
        const auto n = static_cast<size_t>(pending_);
        const size_t had = valid_.size();
        valid_.resize(n + 1);
        if (had < n) std::memset(valid_.data() + had, 1, n - had);
        valid_.data()[n] = !none;
    }
    switch (type_.type) {
    case Type::Int32:
    case Type::Date: push(none ? 0 : static_cast<int32_t>(cell.i)); break;
    case Type::Int64: push(none ? int64_t{0} : cell.i); break;
    case Type::Float32: push(none ? 0.0f : static_cast<float>(cell.d)); break;
    case Type::Float64: push(none ? 0.0 : cell.d); break;
    case Type::Bool: push(static_cast<uint8_t>(!none && cell.i)); break;
    case Type::DateTime:
    case Type::Time:
        set_tag(none ? 0 : cell.flags);
        push(none ? int64_t{0} : cell.i);
        break;
    case Type::Number:
        if (cell.tag == Tag::Big) {
            set_tag(kBigTag);
            push(static_cast<int64_t>(bytes_.size()) << 8 | cell.n);  // at most 126 bytes
            bytes_.append(cell.p, static_cast<size_t>(cell.n));
        } else {
            set_tag(cell.tag == Tag::Float ? kFloatTag : kIntTag);
            push(none ? int64_t{0} : cell.i);  // the bits of either
        }
        break;
    case Type::Complex32:
        push(none ? 0.0f : static_cast<float>(cell.d));
        push(none ? 0.0f : static_cast<float>(cell.im));
        break;
    case Type::Complex64:
        push(none ? 0.0 : cell.d);
        push(none ? 0.0 : cell.im);
        break;
    default:
        if (cell.tag == Tag::View) {
            bytes_.append(cell.p, static_cast<size_t>(cell.n));
        } else if (cell.tag == Tag::Text) {
            bytes_.reserve(static_cast<size_t>(utf8_room(cell.text())));
            char *start = bytes_.as<char>() + bytes_.size();
            bytes_.advance(static_cast<size_t>(encode_utf8(cell.text(), start) - start));
        }
        ends_.reserve(8);
        const auto end = static_cast<int64_t>(bytes_.size());
        std::memcpy(ends_.data() + ends_.size(), &end, 8);
        ends_.advance(8);
    }
    pending_++;
}

// The types of fixed width where nothing but values has come so far: straight from the object into the buffer.
bool Builder::append_fixed(PyObject *value) {
    int64_t integer;
    switch (type_.type) {
    case Type::Int32:
        if (!exact_int(value, integer) || integer != static_cast<int32_t>(integer)) return false;
        push(static_cast<int32_t>(integer));
        break;
    case Type::Int64:
        if (!exact_int(value, integer)) return false;
        push(integer);
        break;
    case Type::Float32:
        if (!PyFloat_CheckExact(value)) return false;
        push(static_cast<float>(PyFloat_AS_DOUBLE(value)));
        break;
    case Type::Float64:
        if (!PyFloat_CheckExact(value)) return false;
        push(PyFloat_AS_DOUBLE(value));
        break;
    case Type::Number:
        if (PyFloat_CheckExact(value)) {
            set_tag(kFloatTag);
            push(PyFloat_AS_DOUBLE(value));
        } else {
            if (!exact_int(value, integer)) return false;
            set_tag(kIntTag);
            push(integer);
        }
        break;
    case Type::Bool:
        if (!PyBool_Check(value)) return false;
        push(static_cast<uint8_t>(value == Py_True));
        break;
    default: return false;
    }
    pending_++;
    return true;
}

bool Builder::append_plain(PyObject *value) {
    if (pending_ && !valid_.size() && append_fixed(value)) [[likely]] return true;
    Cell cell;
    if (value == Py_None) {
        if (!none_ok_) return false;
    } else if (!to_plain_cell(type_.type, value, cell)) {
        return false;
    }
    append(cell);
    return true;
}

void Builder::truncate(int64_t pending) {
    const auto n = static_cast<size_t>(pending);
    fixed_.resize(n * width());
    if (is_text(type_.type)) {
        ends_.resize(n * 8);
        bytes_.resize(n ? static_cast<size_t>(ends_.as<int64_t>()[n - 1]) : 0);
    }
    if (valid_.size() > n) valid_.resize(n);
    if (tags_.size() > n) tags_.resize(n);
    pending_ = pending;
}

// ---- what has been stored ----

const MinMax &Builder::extremes() {
    const int64_t from = counted_ - taken_, n = pending_ - from;
    if (n <= 0 || !has_min_max(type_.type)) return extremes_;
    const uint8_t *valid = valid_.size() ? valid_.data() + from : nullptr;
    const uint8_t *tags = tags_.size() ? tags_.data() + from : nullptr;
    switch (type_.type) {
    case Type::Int32:
    case Type::Date: extremes_.add_ints(fixed_.as<int32_t>() + from, valid, n); break;
    case Type::Int64: extremes_.add_ints(fixed_.as<int64_t>() + from, valid, nullptr, n); break;
    case Type::DateTime:
    case Type::Time: extremes_.add_ints(fixed_.as<int64_t>() + from, valid, tags, n); break;
    case Type::Float32: extremes_.add_floats(fixed_.as<float>() + from, valid, n); break;
    case Type::Float64: extremes_.add_floats(fixed_.as<double>() + from, valid, n); break;
    case Type::Bool: extremes_.add_bools(fixed_.data() + from, valid, n); break;
    case Type::Number:
        if (!tags) {
            extremes_.add_ints(fixed_.as<int64_t>() + from, valid, nullptr, n);
            break;
        }
        if (!std::memchr(tags, kBigTag, static_cast<size_t>(n))) {
            extremes_.add_numbers(fixed_.as<int64_t>() + from, valid, tags, n);
            break;
        }
        for (int64_t k = 0; k < n; k++) {
            if (valid && !valid[k]) continue;
            const int64_t payload = fixed_.as<int64_t>()[from + k];
            Cell cell;
            cell.i = payload;
            cell.tag = tags[k] == kIntTag ? Tag::Int : tags[k] == kFloatTag ? Tag::Float : Tag::Big;
            if (cell.tag == Tag::Big) {
                cell.p = bytes_.data() + (payload >> 8);
                cell.n = payload & 0xff;
            }
            extremes_.add(cell);
        }
        break;
    default: break;
    }
    counted_ = taken_ + pending_;
    return extremes_;
}

bool Builder::has_none_pending() const {
    return valid_.size() && std::memchr(valid_.data(), 0, valid_.size()) != nullptr;
}

uint8_t Builder::seen() const {
    if (type_.type == Type::Number) return taken_seen_ | seen_numbers();
    if (type_.type != Type::DateTime && type_.type != Type::Time) return 0;
    uint8_t bits = taken_seen_;
    for (int64_t k = 0; k < pending_; k++) {
        if (is_none(k)) continue;
        const uint8_t tag = tags_.size() ? tags_.data()[k] : 0;
        bits |= static_cast<uint8_t>((tag & kUtc ? kZulu : kNaive) | (tag & kFold ? kFolded : 0));
        if (!tags_.size()) break;  // all are alike
    }
    return bits;
}

uint8_t Builder::seen_numbers() const {
    const auto *values = fixed_.as<int64_t>();
    const uint8_t *valid = valid_.size() ? valid_.data() : nullptr;
    const uint8_t *tags = tags_.size() ? tags_.data() : nullptr;
    unsigned kinds[3] = {}, large = 0;
    for (int64_t k = 0; k < pending_; k++) {  // without branches: which kind comes next cannot be foreseen
        const unsigned there = valid ? valid[k] : 1, tag = tags ? tags[k] : kIntTag;
        kinds[kIntTag] |= there & (tag == kIntTag);
        kinds[kFloatTag] |= tag == kFloatTag;
        kinds[kBigTag] |= tag == kBigTag;
        large |= (tag == kIntTag) & (static_cast<uint64_t>(values[k]) + kExact > 2 * uint64_t{kExact});
    }
    return static_cast<uint8_t>((kinds[kIntTag] ? kInts : 0) | (kinds[kFloatTag] ? kFloats : 0) |
                                (kinds[kBigTag] ? kBigs : 0) | (large ? kLongs : 0));
}

const char *Builder::layout() const {
    const uint8_t bits = seen();
    if (type_.type == Type::Number) {
        if (bits == 0) return "none";
        if (!(bits & (kFloats | kBigs))) return bits & kLongs ? "long" : "int";
        if (bits & (kLongs | kBigs)) return "mixed";
        return bits & kInts ? "exact" : "float";
    }
    if (type_.type == Type::DateTime) {
        return bits == 0 ? "none" : bits == kNaive ? "naive" : bits == kZulu ? "utc" : "flags";
    }
    if (type_.type == Type::Time) return bits == 0 ? "none" : bits == kNaive ? "naive" : "flags";
    return "plain";
}

// ---- handing over ----

Column Builder::take() {
    extremes();
    taken_seen_ = seen();
    taken_none_ = has_none();
    room_ = {fixed_.size(), ends_.size(), bytes_.size()};
    Column out;
    out.length = pending_;
    switch (type_.type) {
    case Type::Int32: take_fixed(out, "i"); break;
    case Type::Int64: take_fixed(out, "l"); break;
    case Type::Float32: take_fixed(out, "f"); break;
    case Type::Float64: take_fixed(out, "g"); break;
    case Type::Date: take_fixed(out, "tdD"); break;
    case Type::Bool: take_bools(out); break;
    case Type::Number: take_number(out); break;
    case Type::Complex32:
    case Type::Complex64: take_complex(out); break;
    case Type::DateTime:
    case Type::Time: take_moments(out); break;
    default: take_text(out);
    }
    taken_ += pending_;
    counted_ = taken_;
    clear();
    return out;
}

void Builder::clear() {
    // What was handed over left its buffer empty; the others keep their memory.
    for (Buffer *b : {&fixed_, &ends_, &bytes_, &valid_, &tags_}) b->clear();
    pending_ = 0;
}

void Builder::take_validity(Column &out) {
    out.buffers.resize(1);
    if (valid_.size()) out.null_count = pack_bits(valid_.data(), pending_, out.buffers[0]);
}

void Builder::take_fixed(Column &out, const char *format) {
    out.format = format;
    take_validity(out);
    out.buffers.push_back(std::move(fixed_));
}

void Builder::take_bools(Column &out) {
    out.format = "b";
    take_validity(out);
    Buffer bits;
    pack_bits(fixed_.data(), pending_, bits);
    out.buffers.push_back(std::move(bits));
}

void Builder::take_text(Column &out) {
    const bool wide = bytes_.size() > INT_MAX;
    const bool text = type_.type == Type::Ascii || type_.type == Type::Unicode || type_.type == Type::Json;
    out.format = text ? (wide ? "U" : "u") : (wide ? "Z" : "z");
    if (type_.type == Type::Json) {
        static const std::string json = extension_metadata("arrow.json");
        out.metadata = json.data();
    }
    take_validity(out);
    Buffer offsets;
    const auto n = static_cast<size_t>(pending_);
    const auto *ends = ends_.as<int64_t>();
    offsets.resize_zero(wide ? 8 : 4);
    offsets.resize((n + 1) * (wide ? 8 : 4));
    if (wide) {
        std::memcpy(offsets.data() + 8, ends, n * 8);
    } else {
        auto *to = offsets.as<int32_t>() + 1;
        for (size_t k = 0; k < n; k++) to[k] = static_cast<int32_t>(ends[k]);
    }
    out.buffers.push_back(std::move(offsets));
    out.buffers.push_back(std::move(bytes_));
}

void Builder::take_number(Column &out) {
    const uint8_t bits = taken_seen_;
    if (!(bits & (kFloats | kBigs))) return take_fixed(out, "l");
    if (bits == kFloats) return take_fixed(out, "g");
    if (!(bits & (kLongs | kBigs))) return take_exact_numbers(out);
    out.format = "+s";
    take_validity(out);
    const int64_t n = pending_;
    Column children[3] = {child_of("int", "l", n, 2), child_of("float", "g", n, 2), child_of("big", "z", n, 3)};
    for (int kind = 0; kind < 3; kind++) {
        children[kind].null_count = n;
        children[kind].buffers[0].resize_zero(static_cast<size_t>((n + 7) / 8));
        if (kind != kBigTag) children[kind].buffers[1].resize_zero(static_cast<size_t>(n) * 8);
    }
    Buffer &offsets = children[kBigTag].buffers[1], &bytes = children[kBigTag].buffers[2];
    offsets.resize_zero(static_cast<size_t>(n + 1) * 4);
    const auto *payload = fixed_.as<int64_t>();
    for (int64_t k = 0; k < n; k++) {
        if (!is_none(k)) {
            const uint8_t tag = tags_.size() ? tags_.data()[k] : kIntTag;
            children[tag].null_count--;
            children[tag].buffers[0].data()[k >> 3] |= static_cast<uint8_t>(1 << (k & 7));
            if (tag != kBigTag) children[tag].buffers[1].as<int64_t>()[k] = payload[k];  // the bits of either
            else bytes.append(bytes_.data() + (payload[k] >> 8), static_cast<size_t>(payload[k] & 0xff));
        }
        offsets.as<int32_t>()[k + 1] = static_cast<int32_t>(bytes.size());
    }
    for (Column &child : children) out.children.push_back(std::move(child));
}

// All as doubles, and which of them were integers.
void Builder::take_exact_numbers(Column &out) {
    const auto n = static_cast<size_t>(pending_);
    tags_.resize_zero(n);  // there are none yet if integers alone have come since the last time
    auto *values = fixed_.as<int64_t>();
    uint8_t *tags = tags_.data();
    for (size_t k = 0; k < n; k++) {
        const auto whole = std::bit_cast<int64_t>(static_cast<double>(values[k]));
        values[k] = tags[k] == kIntTag ? whole : values[k];
        tags[k] = tags[k] == kIntTag;
    }
    out.format = "+s";
    take_validity(out);
    Column value = child_of("value", "g", pending_, 1), is_int = child_of("is_int", "b", pending_, 2);
    pack_bits(tags, pending_, is_int.buffers[1]);
    value.buffers.push_back(std::move(fixed_));
    value.nullable = is_int.nullable = false;
    out.children.push_back(std::move(value));
    out.children.push_back(std::move(is_int));
}

void Builder::take_moments(Column &out) {
    const bool datetime = type_.type == Type::DateTime;
    const uint8_t bits = taken_seen_;
    if (bits == 0 || bits == kNaive) return take_fixed(out, datetime ? "tsu:" : "ttu");
    if (datetime && bits == kZulu) return take_fixed(out, "tsu:UTC");
    out.format = "+s";
    take_validity(out);
    Column value = child_of("value", datetime ? "tsu:" : "ttu", pending_, 1);
    value.buffers.push_back(std::move(fixed_));
    Column flags = child_of("flags", "C", pending_, 1);
    tags_.resize_zero(static_cast<size_t>(pending_));
    flags.buffers.push_back(std::move(tags_));
    out.children.push_back(std::move(value));
    out.children.push_back(std::move(flags));
}

void Builder::take_complex(Column &out) {
    const bool wide = type_.type == Type::Complex64;
    out.format = "+s";
    take_validity(out);
    const size_t part = wide ? 8 : 4;
    for (size_t side = 0; side < 2; side++) {
        Column child = child_of(side ? "im" : "re", wide ? "g" : "f", pending_, 2);
        child.buffers[1].resize(static_cast<size_t>(pending_) * part);
        const uint8_t *from = fixed_.data() + side * part;
        uint8_t *to = child.buffers[1].data();
        for (int64_t k = 0; k < pending_; k++, from += 2 * part, to += part) std::memcpy(to, from, part);
        out.children.push_back(std::move(child));
    }
}

}  // namespace kernel
