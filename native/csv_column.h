// Columns of texts from a file, on their way to Arrow arrays.
#pragma once

#include "arrow_abi.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace csv __attribute__((visibility("hidden"))) {

constexpr size_t PADDING = 16;  // bytes that may be read behind every line, so that short runs go 16 at a time

struct Field {
    const char *begin;
    size_t size;
    bool quoted;
    char escaped;  // the quote character, if it occurs doubled inside; 0 otherwise
};

// First `c` in [p, end), or end. [end, end + PADDING) must be readable.
inline const char *find(const char *p, const char *end, char c) {
#if defined(__SSE2__)
    const __m128i needle = _mm_set1_epi8(c);
    while (p < end) {
        const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, needle)));
        if (mask) return std::min(p + __builtin_ctz(mask), end);
        p += 16;
    }
    return end;
#else
    if (p >= end) return end;
    const void *hit = std::memchr(p, c, static_cast<size_t>(end - p));
    return hit ? static_cast<const char *>(hit) : end;
#endif
}

// Bytes of variable length on their way to an Arrow binary array.
class BinaryColumn {
public:
    BinaryColumn() { offsets_.append_value<int32_t>(0); }
    void append(const char *data, size_t size);
    // `data` must be readable for 16 bytes, whatever its size.
    void append_padded(const char *data, size_t size);
    void append(const Field &field);
    const char *begin(size_t row) const { return data_.as<char>() + offsets_.as<int32_t>()[row]; }
    const int32_t *offset(size_t row) const { return offsets_.as<int32_t>() + row; }
    std::string_view at(size_t row) const {
        const int32_t *offsets = offsets_.as<int32_t>();
        return {data_.as<char>() + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
    }
    size_t bytes() const { return data_.size(); }
    size_t rows() const { return offsets_.size() / sizeof(int32_t) - 1; }
    void reserve(size_t rows, size_t bytes);
    arrow_abi::Column take();

private:
    void close() { offsets_.append_value<int32_t>(static_cast<int32_t>(data_.size())); }
    arrow_abi::Buffer offsets_, data_;
};

class Int64Column {
public:
    void append(int64_t v) { values_.append_value(v); }
    size_t rows() const { return values_.size() / sizeof(int64_t); }
    arrow_abi::Column take();

private:
    arrow_abi::Buffer values_;
};

// Texts that are stored once each, with an index for every row, as long as that pays: a repetitive column takes less
// memory so, and nobody has to look for equal texts again when it is written.
class TextColumn {
public:
    // `rows`: how many there will be until take(), as a rule; 0 to store every text.
    explicit TextColumn(size_t rows)
        : sharing_(rows > 0), early_(rows / 16), most_(std::min(rows / 2, MOST_TEXTS)), stop_(early_ - early_ / 20) {}
    // Fields of so many lines: one every `step`.
    void append(const Field *fields, size_t step, size_t lines);

    struct Taken {
        arrow_abi::Column values;                      // the texts, or the indices of the rows
        std::optional<arrow_abi::Column> dictionary;  // with indices: the texts
    };
    Taken take();

private:
    static constexpr size_t AT_ONCE = 32;
    static constexpr size_t MOST_TEXTS = 100'000;
    void share(const Field *fields, size_t step, size_t lines);
    std::string_view plain_text(const Field &field);
    size_t index_of(std::string_view text, uint32_t own);
    void grow();
    void store_all();

    bool sharing_;
    // Not shared are columns of which after `early_` rows less than a twentieth was repetition (drawn evenly, each text
    // would come less than twice in all rows), or which have more than `most_` distinct texts.
    size_t early_, most_, stop_;
    BinaryColumn texts_;
    arrow_abi::Buffer indices_;
    std::vector<uint32_t> hashes_;  // of the texts
    std::vector<uint32_t> slots_;   // the upper bits of a hash, and index + 1 in the lower ones; 0 for free ones
    std::string unescaped_;         // fields of the present lines
    size_t usual_rows_ = 0, usual_bytes_ = 0;
};

}  // namespace csv
