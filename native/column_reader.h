// One Arrow array seen as a column of a given type: checked once, then read value by value.
#pragma once

#include "arrow_abi.h"
#include "recycle.h"
#include "types.h"

#include <memory>
#include <vector>

namespace kernel {

enum class Layout : uint8_t {
    Null,        // the Arrow null type: nothing but None
    I32, I64,    // int32; int64, timestamp, time
    F32, F64,
    Bit,         // bool
    Number,      // struct of int64, double, perhaps big integer bytes: the first that is not null counts
    Exact,       // struct of double, and whether it stands for an integer
    Flagged,     // struct of microseconds and flags
    Complex32, Complex64,
    Text32, Text64,  // text or bytes by the width of their offsets
    Dictionary,
};

// Buffers of one physical array, moved so that row 0 of the batch is index 0 (the validity bits keep an offset).
struct Span {
    const uint8_t *valid = nullptr;  // null: all are
    int64_t valid_offset = 0;
    const void *data = nullptr;      // values, or offsets of text
    const char *bytes = nullptr;     // text
    int64_t end = 0;                 // how much of it there is

    bool is_null(int64_t i) const {
        if (!valid) return false;
        const int64_t k = valid_offset + i;
        return !(valid[k >> 3] >> (k & 7) & 1);
    }
    template <class T> T at(int64_t i) const { return static_cast<const T *>(data)[i]; }
    bool bit(int64_t i) const {
        const int64_t k = valid_offset + i;
        return static_cast<const uint8_t *>(data)[k >> 3] >> (k & 7) & 1;
    }
};

// The part of an array that a batch needs; width of a value in bytes, 0 for bits, and for structs, which have no data of
// their own. Throws as ColumnReader::bind.
Span fixed_span(const ArrowArray *array, int64_t skip, int64_t rows, int64_t width, bool has_data = true);

// The part of an array of text or bytes that a batch needs; wide: with 64 bit offsets. Offsets that go down are found;
// how much memory there is behind the last one nobody can see. Throws as ColumnReader::bind.
Span text_span(const ArrowArray *array, int64_t skip, int64_t rows, bool wide);

class ColumnReader {
public:
    explicit ColumnReader(Type type) : type_(type) {}
    ColumnReader(const ColumnReader &) = delete;
    ColumnReader &operator=(const ColumnReader &) = delete;
    ColumnReader(ColumnReader &&) noexcept = default;  // std::vector moves it
    ~ColumnReader();

    // Takes `rows` elements of the array from `skip` on. The array must outlive the reading, and the dictionary
    // the next call of bind (strings made from it are kept for as long as batches share it).
    // Throws domain_error for an Arrow type that does not fit, invalid_argument for an array that is not valid.
    void bind(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows);

    // Lets go of the strings that were made from the dictionary, and of the last values.
    void forget() {
        recycled_.forget();
        forget_dictionary();
        dictionary_.reset();
    }

    // Row i as a Python object, or null with an error set. 0 <= i < rows.
    PyObject *get(int64_t i) { return get_(*this, i); }
    void cell(int64_t i, Cell &out) const;

    Type type() const { return type_; }
    Layout layout() const { return layout_; }
    const Span &span() const { return span_; }
    // Of layout Dictionary: the index of row i, -1 for None; and the values.
    int64_t index(int64_t i) const;
    const ColumnReader &dictionary() const { return *dictionary_; }
    int64_t dictionary_size() const { return dictionary_size_; }

private:
    using Get = PyObject *(*)(ColumnReader &, int64_t);
    friend struct Getters;

    void bind_dictionary(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows);
    void bind_struct(const ArrowSchema *schema, const ArrowArray *array, int64_t skip, int64_t rows);
    void forget_dictionary();
    void prefetch(int64_t i) const;  // the text i
    // Of layout Exact: the integer that row i stands for. A file may say so of doubles that are none.
    bool is_whole(int64_t i, double value, int64_t &out) const {
        if (!children_[1].bit(i) || !(value >= -0x1p63 && value < 0x1p63)) return false;
        out = static_cast<int64_t>(value);
        return static_cast<double>(out) == value;
    }

    Type type_;
    Layout layout_ = Layout::Null;
    uint8_t flags_ = 0;  // of every value: timestamps with a time zone
    char index_format_ = 0;
    bool has_big_ = false;   // Number: whether there is a child with big integers
    bool big_wide_ = false;  // and whether they have 64 bit offsets
    Get get_ = nullptr;
    Span span_;
    Span children_[3];
    Recycled recycled_;

    struct CachedDate {
        int64_t days;
        PyObject *date;
    };
    std::unique_ptr<CachedDate[]> dates_;

    std::unique_ptr<ColumnReader> dictionary_;
    static constexpr int64_t kNear = int64_t(1) << 20;  // so many bytes of texts stay in a near cache
    int64_t dictionary_size_ = 0, dictionary_offset_ = 0, rows_ = 0;
    const void *dictionary_identity_[3] = {};
    std::vector<PyObject *> made_;  // values of the dictionary that have been asked for
};

// An array or record batch taken over from a Python object; released with this.
class Taken {
public:
    Taken() { schema.release = nullptr, array.release = nullptr; }
    explicit Taken(PyObject *exportable);
    Taken(Taken &&o) noexcept : Taken() { swap(o); }
    Taken &operator=(Taken &&o) noexcept {
        swap(o);
        return *this;
    }
    ~Taken();
    void swap(Taken &o) noexcept {
        std::swap(schema, o.schema);
        std::swap(array, o.array);
    }

    ArrowSchema schema;
    ArrowArray array;
};

}  // namespace kernel
