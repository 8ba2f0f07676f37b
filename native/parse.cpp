#include "parse.h"

#include "array.h"
#include "column_reader.h"
#include "strptime.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

namespace nb = nanobind;
using arrow_abi::Buffer;
using arrow_abi::Column;

namespace parse __attribute__((visibility("hidden"))) {

TextArray::TextArray(nb::handle object) : imported_(object) {
    const std::string format = imported_.schema->format ? imported_.schema->format : "";
    const ArrowArray &a = *imported_.array;
    const bool wide = format == "Z" || format == "U";
    if (!wide && format != "z" && format != "u")
        throw nb::type_error(("only strings and binary can be parsed, not Arrow format " + format).c_str());
    if (imported_.schema->dictionary) throw nb::type_error("only plain strings and binary can be parsed, not dictionaries");
    kernel::text_span(&a, 0, a.length, wide);  // looks at the offsets
    size_ = a.length;
    offset_ = a.offset;
    validity_ = a.null_count ? static_cast<const uint8_t *>(a.buffers[0]) : nullptr;
    static const int64_t nothing[1] = {0};
    const void *offsets = a.buffers[1] ? a.buffers[1] : nothing;  // may be absent when there are no rows
    if (wide) wide_ = static_cast<const int64_t *>(offsets);
    else narrow_ = static_cast<const int32_t *>(offsets);
    data_ = a.buffers[2] ? static_cast<const char *>(a.buffers[2]) : "";
}

namespace {

// --- sinks: where values of one type go. put() converts and stores a value, or returns false --------------------

template <class T> struct FixedSink {
    explicit FixedSink(int64_t n) { values.resize(static_cast<size_t>(n) * sizeof(T)); }
    void null(int64_t i) { values.as<T>()[i] = T(); }
    void fill(Column &column, const char *format) {
        column.format = format;
        column.buffers.resize(2);
        column.buffers[1] = std::move(values);
    }
    Buffer values;
};

struct IntegerRule {
    int base;
    bool prefix;
    int64_t low, high;
};

template <class T> struct IntegerSink : FixedSink<T> {
    IntegerSink(int64_t n, IntegerRule r) : FixedSink<T>(n), rule(r) {}
    bool put(int64_t i, std::string_view text) {
        int64_t value;
        if (!integer(text, rule.base, rule.prefix, rule.low, rule.high, value)) return false;
        this->values.template as<T>()[i] = static_cast<T>(value);
        return true;
    }
    void finish(Column &column) { this->fill(column, sizeof(T) == 4 ? "i" : "l"); }
    IntegerRule rule;
};

template <class T> struct FloatSink : FixedSink<T> {
    FloatSink(int64_t n, bool prefix_, bool comma_) : FixedSink<T>(n), prefix(prefix_), comma(comma_) {}
    bool put(int64_t i, std::string_view text) {
        double value;
        if (!floating(text, prefix, comma, value)) return false;
        this->values.template as<T>()[i] = static_cast<T>(value);
        return true;
    }
    void finish(Column &column) { this->fill(column, sizeof(T) == 4 ? "f" : "g"); }
    bool prefix, comma;
};

struct BoolSink {
    enum class Mode { text, number, number_prefix };
    BoolSink(int64_t n, Mode m, bool c) : mode(m), comma(c) { bits.resize_zero(static_cast<size_t>((n + 7) / 8)); }
    void null(int64_t) {}
    bool put(int64_t i, std::string_view text) {
        bool value;
        if (mode == Mode::text) {
            value = truth(text);
        } else {
            double d;
            if (!floating(text, mode == Mode::number_prefix, comma, d)) return false;
            value = d != 0;
        }
        if (value) bits.data()[i >> 3] |= static_cast<uint8_t>(1 << (i & 7));
        return true;
    }
    static bool truth(std::string_view text) {
        if (text.size() > 5) return true;
        char lower[5];
        for (size_t k = 0; k < text.size(); k++)
            lower[k] = text[k] >= 'A' && text[k] <= 'Z' ? static_cast<char>(text[k] + 32) : text[k];
        const std::string_view word(lower, text.size());
        for (const char *no : {"", "0", "f", "no", "off", "false", "nil", "null"})
            if (word == no) return false;
        return true;
    }
    void finish(Column &column) {
        column.format = "b";
        column.buffers.resize(2);
        column.buffers[1] = std::move(bits);
    }
    Mode mode;
    bool comma;
    Buffer bits;
};

enum class Part { date, datetime, time };

template <class T> struct MomentSink : FixedSink<T> {
    MomentSink(int64_t n, const moment::Format &f, Part p, bool pre) : FixedSink<T>(n), format(f), part(p), prefix(pre) {}
    bool put(int64_t i, std::string_view text) {
        moment::Moment m;
        const char *stop, *end = text.data() + text.size();
        if (!format.parse(text.data(), end, m, &stop)) return false;
        if (!prefix && stop != end) return false;
        if (part != Part::time && !m.valid_date()) return false;
        const int64_t value = part == Part::date ? m.days() : part == Part::datetime ? m.micros() : m.micros_of_day();
        this->values.template as<T>()[i] = static_cast<T>(value);
        return true;
    }
    void finish(Column &column) {
        this->fill(column, part == Part::date ? "tdD" : part == Part::datetime ? "tsu:" : "ttu");
    }
    const moment::Format &format;
    Part part;
    bool prefix;
};

struct NumberSink {
    NumberSink(int64_t n, bool i, bool c) : size(n), int_only(i), comma(c) {
        values.resize(static_cast<size_t>(n) * 8);
        kinds.resize_zero(static_cast<size_t>(n));
    }
    void null(int64_t i) { values.as<int64_t>()[i] = 0; }
    bool put(int64_t i, std::string_view text) {
        int64_t whole;
        double d;
        const Kind kind = number(text, int_only, comma, whole, d, scratch);
        if (kind == Kind::bad) return false;
        if (kind == Kind::integer) values.as<int64_t>()[i] = whole;
        if (kind == Kind::floating) values.as<double>()[i] = d;
        if (kind == Kind::big) {
            values.as<int64_t>()[i] = static_cast<int64_t>(bigs.size());
            bigs.push_back(scratch);
        }
        kinds.data()[i] = static_cast<uint8_t>(kind);
        seen[static_cast<int>(kind)]++;
        return true;
    }
    // All ints: int64. All floats: double. Else a struct of both and the big ones; the first not null counts.
    void finish(Column &column) {
        const bool floats = seen[int(Kind::floating)], ints = seen[int(Kind::integer)], large = seen[int(Kind::big)];
        if (!large && !(floats && ints)) {
            column.format = floats ? "g" : "l";
            column.buffers.resize(2);
            column.buffers[1] = std::move(values);
            return;
        }
        column.format = "+s";
        column.buffers.resize(1);
        column.children.push_back(child("int", "l", Kind::integer));
        column.children.push_back(child("float", "g", Kind::floating));
        column.children.push_back(big_child());
    }
    Column child(const char *name, const char *format, Kind kind) {
        Column out = start(name, format, kind);
        out.buffers.resize(2);
        Buffer copy;
        copy.resize_zero(static_cast<size_t>(size) * 8);
        for (int64_t i = 0; i < size; i++)
            if (kinds.data()[i] == uint8_t(kind)) copy.as<int64_t>()[i] = values.as<int64_t>()[i];
        out.buffers[1] = std::move(copy);
        return out;
    }
    Column big_child() {
        Column out = start("big", "z", Kind::big);
        out.buffers.resize(3);
        Buffer offsets, data;
        offsets.append_value<int32_t>(0);
        for (int64_t i = 0; i < size; i++) {
            if (kinds.data()[i] == uint8_t(Kind::big)) {
                const std::string &big = bigs[static_cast<size_t>(values.as<int64_t>()[i])];
                data.append(big.data(), big.size());
            }
            offsets.append_value<int32_t>(static_cast<int32_t>(data.size()));
        }
        out.buffers[1] = std::move(offsets);
        out.buffers[2] = std::move(data);
        return out;
    }
    Column start(const char *name, const char *format, Kind kind) {
        Column out;
        out.name = name;
        out.format = format;
        out.length = size;
        Bitmap validity(size, true);
        for (int64_t i = 0; i < size; i++)
            if (kinds.data()[i] != uint8_t(kind)) validity.flip(i);
        out.null_count = validity.flipped();
        out.buffers.resize(1);
        out.buffers[0] = validity.take();
        return out;
    }
    int64_t size;
    bool int_only, comma;
    Buffer values, kinds;
    int64_t seen[4] = {};
    std::vector<std::string> bigs;
    std::string scratch;
};

struct TextSink {
    enum class Mode { bytes, ascii_replace, ascii_encode, ascii_strict, utf8 };
    TextSink(Mode m, bool s) : mode(m), strip(s) { offsets.append_value<int32_t>(0); }
    void null(int64_t) { close(); }
    bool put(int64_t, std::string_view text) {
        if (strip) {
            while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
            while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
        }
        if (mode == Mode::utf8 && !valid_utf8(text)) return false;
        if (mode == Mode::ascii_strict || mode == Mode::ascii_replace || mode == Mode::ascii_encode) {
            if (!plain(text)) {
                if (mode == Mode::ascii_strict) return false;
                escape(text);
                close();
                return true;
            }
        }
        data.append(text.data(), text.size());
        close();
        return true;
    }
    bool plain(std::string_view text) const {
        uint8_t high = 0;
        for (char c : text) high |= static_cast<uint8_t>(c);
        return !(high & 0x80) && (mode != Mode::ascii_encode || text.find('\\') == text.npos);
    }
    void escape(std::string_view text) {
        for (char c : text) {
            const auto b = static_cast<uint8_t>(c);
            if (b < 0x80 && !(mode == Mode::ascii_encode && c == '\\')) {
                data.append_byte(b);
                continue;
            }
            const char octal[4] = {'\\', static_cast<char>('0' + (b >> 6)), static_cast<char>('0' + (b >> 3 & 7)),
                                   static_cast<char>('0' + (b & 7))};
            data.append(octal, 4);
        }
    }
    void close() {
        if (data.size() > size_t(INT32_MAX)) throw std::length_error("more than 2 GiB of text in one batch");
        offsets.append_value<int32_t>(static_cast<int32_t>(data.size()));
    }
    void finish(Column &column) {
        column.format = mode == Mode::bytes ? "z" : "u";
        column.buffers.resize(3);
        column.buffers[1] = std::move(offsets);
        column.buffers[2] = std::move(data);
    }
    Mode mode;
    bool strip;
    Buffer offsets, data;
};

template <class Sink> Parsed run(const TextArray &in, const Rules &rules, Sink &&sink) {
    const int64_t n = in.size();
    Bitmap validity(n, true), bad(n, false);
    for (int64_t i = 0; i < n; i++) {
        if (in.null(i)) {
            sink.null(i);
            validity.flip(i);
            continue;
        }
        const std::string_view text = in[i];
        if (rules.none(text)) {
            sink.null(i);
            validity.flip(i);
        } else if (!sink.put(i, text)) {
            bad.flip(i);
            if (!rules.has_default) {
                sink.null(i);
                validity.flip(i);
            } else if (!sink.put(i, rules.default_text)) {
                throw std::invalid_argument("the default cannot be converted either");
            }
        }
    }
    Parsed out;
    out.column.length = n;
    sink.finish(out.column);
    out.column.null_count = validity.flipped();
    out.column.buffers[0] = validity.take();
    out.bad = bad.flipped();
    out.mask.format = "b";
    out.mask.length = n;
    out.mask.buffers.resize(2);
    out.mask.buffers[1] = bad.take();
    return out;
}

// --- Python ----------------------------------------------------------------------------------------------------

nb::object array_of(Column &&column) {
    try {
        return nb::steal(kernel::make_array(std::move(column)));
    } catch (const kernel::PythonError &) {
        throw nb::python_error();
    }
}

Rules rules_of(bool none_empty, nb::handle none_values, std::optional<nb::bytes> default_text) {
    Rules rules;
    rules.none_empty = none_empty;
    for (nb::handle value : none_values) {
        const auto bytes = nb::cast<nb::bytes>(value);
        rules.none_values.emplace_back(bytes.c_str(), bytes.size());
    }
    if (default_text) {
        rules.has_default = true;
        rules.default_text.assign(default_text->c_str(), default_text->size());
    }
    return rules;
}

// Binds a parser with the arguments that all of them share. `make(n, …)` gives the sink.
template <class F> nb::tuple parsed(nb::handle array, const Rules &rules, F &&make) {
    const TextArray in(array);
    Parsed out;
    {
        nb::gil_scoped_release release;
        out = run(in, rules, make(in.size()));
    }
    nb::object column = array_of(std::move(out.column));
    nb::object mask = out.bad ? array_of(std::move(out.mask)) : nb::none();
    return nb::make_tuple(column, out.bad, mask);
}

std::string_view view(const nb::bytes &b) { return {b.c_str(), b.size()}; }

using Default = std::optional<nb::bytes>;

nb::tuple parse_int(nb::handle array, int bits, int base, bool prefix, bool none_empty, nb::handle none_values,
                    Default default_text) {
    if (base != 0 && base != 8 && base != 10 && base != 16) throw nb::value_error("base must be 0, 8, 10 or 16");
    const Rules rules = rules_of(none_empty, none_values, default_text);
    if (bits == 32) {
        const IntegerRule rule{base, prefix, INT32_MIN, INT32_MAX};
        return parsed(array, rules, [&](int64_t n) { return IntegerSink<int32_t>(n, rule); });
    }
    if (bits != 64) throw nb::value_error("bits must be 32 or 64");
    const IntegerRule rule{base, prefix, INT64_MIN, INT64_MAX};
    return parsed(array, rules, [&](int64_t n) { return IntegerSink<int64_t>(n, rule); });
}

nb::tuple parse_float(nb::handle array, int bits, bool prefix, bool comma, bool none_empty, nb::handle none_values,
                      Default default_text) {
    const Rules rules = rules_of(none_empty, none_values, default_text);
    if (bits == 32) return parsed(array, rules, [&](int64_t n) { return FloatSink<float>(n, prefix, comma); });
    if (bits != 64) throw nb::value_error("bits must be 32 or 64");
    return parsed(array, rules, [&](int64_t n) { return FloatSink<double>(n, prefix, comma); });
}

nb::tuple parse_number(nb::handle array, bool int_only, bool comma, bool none_empty, nb::handle none_values,
                       Default default_text) {
    const Rules rules = rules_of(none_empty, none_values, default_text);
    return parsed(array, rules, [&](int64_t n) { return NumberSink(n, int_only, comma); });
}

nb::tuple parse_bool(nb::handle array, const std::string &mode, bool comma, bool none_empty, nb::handle none_values,
                     Default default_text) {
    const Rules rules = rules_of(none_empty, none_values, default_text);
    BoolSink::Mode m;
    if (mode == "str") m = BoolSink::Mode::text;
    else if (mode == "float") m = BoolSink::Mode::number;
    else if (mode == "floati") m = BoolSink::Mode::number_prefix;
    else throw nb::value_error("mode must be str, float or floati");
    return parsed(array, rules, [&](int64_t n) { return BoolSink(n, m, comma); });
}

nb::tuple parse_moment(nb::handle array, const std::string &part, nb::bytes format, bool prefix, bool comma,
                       bool none_empty, nb::handle none_values, Default default_text) {
    const Rules rules = rules_of(none_empty, none_values, default_text);
    const moment::Format compiled(view(format), comma);
    if (part == "date")
        return parsed(array, rules, [&](int64_t n) { return MomentSink<int32_t>(n, compiled, Part::date, prefix); });
    if (part != "datetime" && part != "time") throw nb::value_error("part must be date, datetime or time");
    const Part p = part == "time" ? Part::time : Part::datetime;
    return parsed(array, rules, [&](int64_t n) { return MomentSink<int64_t>(n, compiled, p, prefix); });
}

nb::tuple parse_text(nb::handle array, const std::string &mode, bool strip, bool none_empty, nb::handle none_values,
                     Default default_text) {
    const Rules rules = rules_of(none_empty, none_values, default_text);
    TextSink::Mode m;
    if (mode == "bytes") m = TextSink::Mode::bytes;
    else if (mode == "ascii:replace") m = TextSink::Mode::ascii_replace;
    else if (mode == "ascii:encode") m = TextSink::Mode::ascii_encode;
    else if (mode == "ascii:strict") m = TextSink::Mode::ascii_strict;
    else if (mode == "utf-8") m = TextSink::Mode::utf8;
    else throw nb::value_error("no such mode");
    return parsed(array, rules, [&](int64_t) { return TextSink(m, strip); });
}

nb::tuple parse_strptime(nb::bytes value, nb::bytes format) {
    const moment::Format compiled(view(format));
    const std::string_view text = view(value);
    moment::Moment m;
    const char *stop;
    const bool ok = compiled.parse(text.data(), text.data() + text.size(), m, &stop);
    const auto used = stop - text.data();
    if (!ok || !m.valid_date()) return nb::make_tuple(nb::none(), used);
    return nb::make_tuple(nb::make_tuple(m.year, m.month, m.day, m.hour, m.minute, m.second, m.micro), used);
}

}  // namespace

}  // namespace parse

void bind_parse(nb::module_ &m) {
    using namespace parse;
    const auto none_empty = nb::arg("none_empty") = false;
    const auto none_values = nb::arg("none_values") = nb::make_tuple();
    const auto default_text = nb::arg("default") = nb::none();
    m.def("parse_int", &parse_int, nb::arg("array"), nb::arg("bits"), nb::arg("base"), nb::arg("prefix"), none_empty,
          none_values, default_text);
    m.def("parse_float", &parse_float, nb::arg("array"), nb::arg("bits"), nb::arg("prefix"), nb::arg("comma"),
          none_empty, none_values, default_text);
    m.def("parse_number", &parse_number, nb::arg("array"), nb::arg("int_only"), nb::arg("comma"), none_empty,
          none_values, default_text);
    m.def("parse_bool", &parse_bool, nb::arg("array"), nb::arg("mode"), nb::arg("comma"), none_empty, none_values,
          default_text);
    m.def("parse_moment", &parse_moment, nb::arg("array"), nb::arg("part"), nb::arg("format"), nb::arg("prefix"),
          nb::arg("comma"), none_empty, none_values, default_text);
    m.def("parse_text", &parse_text, nb::arg("array"), nb::arg("mode"), nb::arg("strip"), none_empty, none_values,
          default_text);
    m.def("strptime", &parse_strptime, nb::arg("value"), nb::arg("format"));
}
