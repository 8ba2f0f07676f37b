// Values of one column on their way to an Arrow array.
#pragma once

#include "arrow_abi.h"
#include "stats.h"
#include "types.h"

namespace kernel {

// Rows that are written take two steps: prepare() may run Python code and fail, append() does neither (it can only
// run out of memory); so a row is stored whole or not at all, whatever its values do.
class Builder {
public:
    Builder(ColumnType type, bool none_support) : type_(type), none_ok_(none_support), extremes_(type.type) {}
    Builder(const Builder &) = delete;
    Builder &operator=(const Builder &) = delete;

    // The cell that writing `value` would store: None, defaults and conversion. False with an error set; the text
    // then says where. The cell may point into `value` and into this builder.
    bool prepare(PyObject *value, Cell &out);
    void append(const Cell &cell);
    // Both steps in one for what to_plain_cell takes: false if it does not, and nothing is stored.
    bool append_plain(PyObject *value);
    void truncate(int64_t pending);

    // Replaces values that cannot be stored. Throws the error of writing it.
    void set_default(PyObject *value);

    // The pending values; the builder goes on empty.
    arrow_abi::Column take();
    const MinMax &extremes();
    const char *layout() const;

    ColumnType type() const { return type_; }
    int64_t pending() const { return pending_; }
    int64_t taken() const { return taken_; }
    int64_t counted() const { return counted_; }
    bool has_none() const { return taken_none_ || has_none_pending(); }
    size_t text_bytes() const { return bytes_.size(); }
    size_t nbytes() const {
        return fixed_.size() + ends_.size() + bytes_.size() + valid_.size() + tags_.size();
    }

    Ref name, where;  // str, for error texts
    bool none_support = false;

private:
    // What layouts the values so far could have had: bits, so that they add up.
    enum Seen : uint8_t { kInts = 1, kFloats = 2, kBigs = 4, kNaive = 8, kZulu = 16, kFolded = 32, kLongs = 64 };

    bool append_fixed(PyObject *value);
    bool explain(PyObject *value) const;
    uint8_t seen() const;
    uint8_t seen_numbers() const;
    bool has_none_pending() const;
    bool is_none(int64_t i) const { return valid_.size() && !valid_.data()[i]; }
    void set_tag(uint8_t tag);
    template <class T> void push(T value) {
        fixed_.reserve(sizeof(T));
        std::memcpy(fixed_.data() + fixed_.size(), &value, sizeof(T));
        fixed_.advance(sizeof(T));
    }
    size_t width() const;

    void take_fixed(arrow_abi::Column &out, const char *format);
    void take_text(arrow_abi::Column &out);
    void take_bools(arrow_abi::Column &out);
    void take_number(arrow_abi::Column &out);
    void take_exact_numbers(arrow_abi::Column &out);
    void take_moments(arrow_abi::Column &out);
    void take_complex(arrow_abi::Column &out);
    void take_validity(arrow_abi::Column &out);
    void clear();

    ColumnType type_;
    bool none_ok_;
    bool has_default_ = false;
    Cell default_;

    int64_t pending_ = 0, taken_ = 0, counted_ = 0;
    bool taken_none_ = false;
    uint8_t taken_seen_ = 0;
    MinMax extremes_;

    struct {
        size_t fixed = 0, ends = 0, bytes = 0;
    } room_;  // sizes of the buffers at the last take()
    arrow_abi::Buffer fixed_;  // values of fixed width; of big integers where they are in bytes_
    arrow_abi::Buffer ends_;   // int64, where each text ends in bytes_
    arrow_abi::Buffer bytes_;
    arrow_abi::Buffer valid_;  // a byte a value, from the first None on; else empty
    arrow_abi::Buffer tags_;   // a byte a value: Tag of a number, flags of a moment; from the first one that is not 0 on
};

}  // namespace kernel
