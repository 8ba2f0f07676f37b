#include "csv_column.h"

#include <algorithm>
#include <bit>

namespace csv __attribute__((visibility("hidden"))) {

using arrow_abi::Buffer;
using arrow_abi::Column;

namespace {

// So many bytes of distinct texts of a column are kept at most; as many as the writer of the file lets a dictionary have.
constexpr size_t MOST_BYTES = size_t(4) << 20;
// So many bytes of texts are in the nearest cache anyway.
constexpr size_t NEAR_BYTES = size_t(16) << 10;
constexpr size_t FIRST_SLOTS = 1024;
// Of a slot: so many bits are an index + 1 (there are MOST_TEXTS, and a few more).
constexpr uint32_t INDEX = (uint32_t(1) << 17) - 1;
// Texts may be made such that their hashes are equal; then the column is not shared.
constexpr size_t MOST_PROBES = 256;

inline uint64_t word(const char *p) {
    uint64_t w;
    std::memcpy(&w, p, sizeof(w));
    return w;
}

inline uint64_t mixed(uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// The first n bytes, at most 8, of what is readable for 8.
inline uint64_t first_bytes(const char *p, size_t n) {
    if constexpr (std::endian::native == std::endian::big) {
        uint64_t w = 0;
        std::memcpy(&w, p, std::min<size_t>(n, 8));
        return w;
    }
    return n >= 8 ? word(p) : word(p) & ((uint64_t(1) << n * 8) - 1);
}

// Texts here are readable for 16 bytes, whatever their size.
struct Short {
    uint64_t low, high;
    explicit Short(std::string_view text)
        : low(first_bytes(text.data(), text.size())),
          high(text.size() > 8 ? first_bytes(text.data() + 8, text.size() - 8) : 0) {}
    bool operator==(const Short &) const = default;
};

inline bool equal(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    return a.size() > 16 ? !std::memcmp(a.data(), b.data(), a.size()) : Short(a) == Short(b);
}

constexpr uint64_t K1 = 0x9e3779b97f4a7c15, K2 = 0xd1b54a32d192ed03;

inline uint32_t hash(std::string_view text) {
    const char *p = text.data();
    const size_t n = text.size();
    uint64_t h;
    if (n <= 16) {
        const Short whole(text);
        h = mixed(whole.low ^ (K1 + n), whole.high ^ K2);
    } else {
        h = n;
        const char *const last = p + n - 16;
        for (; p < last; p += 16) h = mixed(word(p) ^ h ^ K1, word(p + 8) ^ K2);
        h = mixed(word(last) ^ h ^ K1, word(last + 8) ^ K2);
    }
    return static_cast<uint32_t>(mixed(h, K1) >> 32);
}

// Calls `take` with the parts of a field that are left without the second of each two quotes.
template <class Take> void for_each_part(const Field &field, Take take) {
    const char *p = field.begin, *end = p + field.size;
    while (p < end) {
        const char *quote = find(p, end, field.escaped);
        if (quote < end) quote++;  // keep the first of the two
        take(p, static_cast<size_t>(quote - p));
        p = quote < end ? quote + 1 : end;
    }
}

}  // namespace

void BinaryColumn::append(const char *data, size_t size) {
    data_.append(data, size);
    close();
}

void BinaryColumn::append_padded(const char *data, size_t size) {
    if (size > PADDING) {
        append(data, size);
        return;
    }
    const size_t old = data_.size();
    data_.reserve(PADDING);
    std::memcpy(data_.data() + old, data, PADDING);
    data_.resize(old + size);
    close();
}

void BinaryColumn::append(const Field &field) {
    if (!field.escaped) {
        append_padded(field.begin, field.size);
        return;
    }
    for_each_part(field, [&](const char *part, size_t size) { data_.append(part, size); });
    close();
}

void BinaryColumn::reserve(size_t rows, size_t bytes) {
    offsets_.reserve(rows * sizeof(int32_t));
    data_.reserve(bytes);
}

Column BinaryColumn::take() {
    Column column;
    column.format = "z";
    column.length = static_cast<int64_t>(rows());
    column.buffers.resize(3);
    column.buffers[1] = std::move(offsets_);
    column.buffers[2] = std::move(data_);
    offsets_ = Buffer();
    data_ = Buffer();
    offsets_.append_value<int32_t>(0);
    return column;
}

Column Int64Column::take() {
    Column column;
    column.format = "l";
    column.length = static_cast<int64_t>(rows());
    column.buffers.resize(2);
    column.buffers[1] = std::move(values_);
    values_ = Buffer();
    return column;
}

void TextColumn::append(const Field *fields, size_t step, size_t lines) {
    if (!texts_.rows() && !sharing_) texts_.reserve(usual_rows_, usual_bytes_);
    while (lines && sharing_) {
        const size_t now = std::min(lines, AT_ONCE);
        share(fields, step, now);
        fields += now * step;
        lines -= now;
    }
    for (; lines; lines--, fields += step) texts_.append(*fields);
}

// Most of the time goes by waiting for memory, so what is wanted of it is said for some lines before it is looked at.
void TextColumn::share(const Field *fields, size_t step, size_t lines) {
    std::string_view texts[AT_ONCE];
    uint32_t hashes[AT_ONCE];
    if (slots_.size() < (texts_.rows() + lines) * 2) grow();
    const size_t mask = slots_.size() - 1;
    size_t escaped = 0;
    for (size_t i = 0; i < lines; i++) escaped += fields[i * step].escaped ? fields[i * step].size : 0;
    unescaped_.clear();
    unescaped_.reserve(escaped + PADDING);  // it must stay where it is
    for (size_t i = 0; i < lines; i++) {
        const Field &field = fields[i * step];
        texts[i] = field.escaped ? plain_text(field) : std::string_view(field.begin, field.size);
        hashes[i] = hash(texts[i]);
        __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    if (texts_.bytes() > NEAR_BYTES) {
        for (size_t i = 0; i < lines; i++)
            if (const uint32_t slot = slots_[hashes[i] & mask]) __builtin_prefetch(texts_.offset((slot & INDEX) - 1));
        for (size_t i = 0; i < lines; i++)
            if (const uint32_t slot = slots_[hashes[i] & mask]) __builtin_prefetch(texts_.begin((slot & INDEX) - 1));
    }
    indices_.reserve(lines * sizeof(int32_t));
    for (size_t i = 0; i < lines; i++)
        indices_.append_value(static_cast<int32_t>(index_of(texts[i], hashes[i])));
    if (texts_.rows() > stop_) {
        if (stop_ < most_ && indices_.size() / sizeof(int32_t) > early_) stop_ = most_;
        else store_all();
    } else if (texts_.bytes() > MOST_BYTES) {
        store_all();
    }
}

// A field without the second of each two quotes.
std::string_view TextColumn::plain_text(const Field &field) {
    const size_t start = unescaped_.size();
    for_each_part(field, [&](const char *part, size_t size) { unescaped_.append(part, size); });
    return {unescaped_.data() + start, unescaped_.size() - start};
}

// The index of a text, which is taken in if it is new.
size_t TextColumn::index_of(std::string_view text, uint32_t own) {
    const size_t mask = slots_.size() - 1;
    for (size_t place = own & mask, probes = 0;; place = (place + 1) & mask, probes++) {
        const uint32_t slot = slots_[place];
        if (!slot) {
            const size_t index = texts_.rows();
            slots_[place] = (own & ~INDEX) | static_cast<uint32_t>(index + 1);
            hashes_.push_back(own);
            texts_.append_padded(text.data(), text.size());
            if (probes > MOST_PROBES) stop_ = most_ = 0;
            return index;
        }
        if (!((slot ^ own) & ~INDEX) && equal(texts_.at((slot & INDEX) - 1), text)) return (slot & INDEX) - 1;
    }
}

void TextColumn::grow() {
    slots_.assign(std::max(FIRST_SLOTS, slots_.size() * 2), 0);
    const size_t mask = slots_.size() - 1;
    for (size_t index = 0; index < hashes_.size(); index++) {
        size_t place = hashes_[index] & mask;
        while (slots_[place]) place = (place + 1) & mask;
        slots_[place] = (hashes_[index] & ~INDEX) | static_cast<uint32_t>(index + 1);
    }
}

// From now on a text for every row.
void TextColumn::store_all() {
    const size_t rows = indices_.size() / sizeof(int32_t);
    const int32_t *indices = indices_.as<int32_t>();
    BinaryColumn all;
    for (size_t row = 0; row < rows; row++) {
        const std::string_view text = texts_.at(static_cast<size_t>(indices[row]));
        all.append(text.data(), text.size());
    }
    texts_ = std::move(all);
    indices_ = Buffer();
    hashes_ = {};
    slots_ = {};
    sharing_ = false;
}

TextColumn::Taken TextColumn::take() {
    const size_t rows = indices_.size() / sizeof(int32_t);
    if (sharing_ && texts_.rows() * 2 > rows) store_all();
    Taken taken;
    if (!sharing_) {
        usual_rows_ = texts_.rows();
        usual_bytes_ = texts_.bytes();
        taken.values = texts_.take();
        return taken;
    }
    taken.dictionary = texts_.take();
    taken.values.format = "i";
    taken.values.length = static_cast<int64_t>(rows);
    taken.values.buffers.resize(2);
    taken.values.buffers[1] = std::move(indices_);
    indices_ = Buffer();
    std::fill(slots_.begin(), slots_.end(), 0);
    hashes_.clear();
    return taken;
}

}  // namespace csv
