// In which order rows are sorted by some columns. What is compared next of each row is made into a word of 64 bits, and
// rows are sorted by radix on those bits that differ; then those with equal words by what comes next.
#include "array.h"
#include "column_reader.h"
#include "value_text.h"

#include <nanobind/stl/vector.h>

#include <bit>
#include <cstring>
#include <numeric>
#include <string>

namespace nb = nanobind;
using arrow_abi::Column;

namespace kernel {

namespace {

constexpr int64_t kFew = 24;       // so many are sorted by insertion
constexpr int64_t kMany = 1 << 14;  // from here on wide digits pay
constexpr int kNarrow = 8, kWide = 11;
constexpr int64_t kTextBytes = 7;  // of text in one word; the last byte says what follows
constexpr uint64_t kSign = uint64_t{1} << 63;

struct Key {
    Span span;
    char format;  // of Arrow: c, i, l, g; z, Z for text

    bool is_text() const { return format == 'z' || format == 'Z'; }
    std::string_view text(int64_t row) const {
        const int64_t start = format == 'z' ? span.at<int32_t>(row) : span.at<int64_t>(row);
        const int64_t stop = format == 'z' ? span.at<int32_t>(row + 1) : span.at<int64_t>(row + 1);
        return {span.bytes + start, static_cast<size_t>(stop - start)};
    }
};

uint64_t big_endian(const char *bytes) {
    uint64_t word = 0;
    for (int k = 0; k < 8; k++) word = word << 8 | static_cast<uint8_t>(bytes[k]);
    return word;
}

// The next bytes of a text, and how many there are; 8 if it goes on. `end` is where what may be read ends.
uint64_t text_word(std::string_view text, int64_t from, const char *end) {
    const char *p = text.data() + from;
    const int64_t left = static_cast<int64_t>(text.size()) - from;
    const int64_t some = std::min(left, kTextBytes);
    uint64_t word = 0;
    if (end - p >= 8) word = big_endian(p);
    else for (int64_t k = 0; k < some; k++) word |= static_cast<uint64_t>(static_cast<uint8_t>(p[k])) << (56 - 8 * k);
    if (some < kTextBytes) word &= some ? ~uint64_t{0} << (64 - 8 * some) : 0;
    return (word & ~uint64_t{0xff}) | static_cast<uint64_t>(left > kTextBytes ? 8 : left);
}

uint64_t float_word(double value) {
    const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0.0 becomes 0.0
    return bits & kSign ? ~bits : bits | kSign;
}

// How many bytes from `from` on are the same in both, at most `most`.
int64_t shared(std::string_view a, std::string_view b, int64_t from, int64_t most) {
    int64_t n = 0;
    for (uint64_t one, other; n + 8 <= most; n += 8) {
        std::memcpy(&one, a.data() + from + n, 8);
        std::memcpy(&other, b.data() + from + n, 8);
        if (one != other) break;
    }
    while (n < most && a[static_cast<size_t>(from + n)] == b[static_cast<size_t>(from + n)]) n++;
    return n;
}

// Takes those bits of a word together that a mask has, in their order.
class Extract {
public:
    explicit Extract(uint64_t mask) {
        for (int to = 0; mask;) {
            const int low = std::countr_zero(mask), size = std::countr_one(mask >> low);
            runs_[count_++] = {low - to, mask & (size == 64 ? ~uint64_t{0} : ((uint64_t{1} << size) - 1) << low)};
            mask &= ~runs_[count_ - 1].mask;
            to += size;
        }
    }
    uint64_t operator()(uint64_t word) const {
        uint64_t bits = 0;
        for (int k = 0; k < count_; k++) bits |= (word & runs_[k].mask) >> runs_[k].shift;
        return bits;
    }

private:
    struct Run {
        int shift;
        uint64_t mask;
    };
    Run runs_[32];
    int count_ = 0;
};

class Sorter {
public:
    Sorter(const std::vector<Key> &keys, int64_t rows, bool descending, uint32_t *order)
        : keys_(keys), descending_(descending), order_(order), words_(static_cast<size_t>(rows)),
          other_words_(static_cast<size_t>(rows)), other_order_(static_cast<size_t>(rows)) {
        std::iota(order, order + rows, uint32_t{0});
        if (rows) waiting_.push_back({0, rows, 0, 0});
    }

    void run() {
        while (!waiting_.empty()) {
            Task task = waiting_.back();
            waiting_.pop_back();
            while (!step(task)) {}
        }
    }

private:
    // Rows `low` to `high` of the order are equal in all columns before this one, and here in the bytes before `from`.
    struct Task {
        int64_t low, high;
        size_t column;
        int64_t from;
    };

    // What is to be compared of rows that are equal in the present word.
    Task following(const Task &task, int64_t low, int64_t high) const {
        const Key &key = keys_[task.column];
        const bool goes_on = key.is_text() && static_cast<int64_t>(key.text(order_[low]).size()) > task.from + kTextBytes;
        return goes_on ? Task{low, high, task.column, task.from + kTextBytes} : Task{low, high, task.column + 1, 0};
    }

    // False: the rows are equal so far, and the task has become what follows.
    bool step(Task &task) {
        if (task.column == keys_.size()) return true;
        skip_shared(task);
        bool sorted = true;
        const uint64_t differing = fill(task, sorted);
        if (!differing) {
            task = following(task, task.low, task.high);
            return false;
        }
        if (!sorted) {
            if (task.high - task.low <= kFew) sort_few(task.low, task.high);
            else sort_many(task.low, task.high, differing);
        }
        for (int64_t low = task.low; low < task.high;) {
            int64_t high = low + 1;
            while (high < task.high && words_[high] == words_[low]) high++;
            if (high > low + 1) {
                const Task next = following(task, low, high);
                if (next.column < keys_.size()) waiting_.push_back(next);
            }
            low = high;
        }
        return true;
    }

    // Goes on to where the texts begin to differ.
    void skip_shared(Task &task) const {
        const Key &key = keys_[task.column];
        if (!key.is_text()) return;
        const std::string_view first = key.text(order_[task.low]);
        int64_t same = static_cast<int64_t>(first.size()) - task.from;
        for (int64_t i = task.low + 1; same && i < task.high; i++) {
            const std::string_view text = key.text(order_[i]);
            same = shared(first, text, task.from, std::min(same, static_cast<int64_t>(text.size()) - task.from));
        }
        task.from += same;
    }

    // Sets the words of the rows; returns which bits are not the same in all.
    uint64_t fill(const Task &task, bool &sorted) {
        const Key &key = keys_[task.column];
        switch (key.format) {
        case 'c': return fill_with(task, sorted, [&](uint32_t row) { return word_of(key.span.at<int8_t>(row)); });
        case 'i': return fill_with(task, sorted, [&](uint32_t row) { return word_of(key.span.at<int32_t>(row)); });
        case 'l': return fill_with(task, sorted, [&](uint32_t row) { return word_of(key.span.at<int64_t>(row)); });
        case 'g': return fill_with(task, sorted, [&](uint32_t row) { return float_word(key.span.at<double>(row)); });
        default: {
            const char *end = key.span.bytes + key.span.end;
            return fill_with(task, sorted, [&](uint32_t row) { return text_word(key.text(row), task.from, end); });
        }
        }
    }

    static uint64_t word_of(int64_t value) { return static_cast<uint64_t>(value) ^ kSign; }

    template <class Word> uint64_t fill_with(const Task &task, bool &sorted, Word &&word) {
        const uint64_t flip = descending_ ? ~uint64_t{0} : 0;
        const uint64_t first = word(order_[task.low]) ^ flip;
        uint64_t differing = 0, before = first;
        bool rising = true;
        for (int64_t i = task.low; i < task.high; i++) {
            const uint64_t own = word(order_[i]) ^ flip;
            words_[i] = own;
            differing |= own ^ first;
            rising &= own >= before;
            before = own;
        }
        sorted = rising;
        return differing;
    }

    void sort_few(int64_t low, int64_t high) {
        for (int64_t i = low + 1; i < high; i++) {
            const uint64_t word = words_[i];
            const uint32_t row = order_[i];
            int64_t k = i;
            for (; k > low && words_[k - 1] > word; k--) words_[k] = words_[k - 1], order_[k] = order_[k - 1];
            words_[k] = word, order_[k] = row;
        }
    }

    // By radix, the last digit first. Constant bits are taken out before, so that there are few digits.
    void sort_many(int64_t low, int64_t high, uint64_t differing) {
        const Extract extract(differing);
        for (int64_t i = low; i < high; i++) words_[i] = extract(words_[i]);
        const int bits = std::popcount(differing), widest = high - low < kMany ? kNarrow : kWide;
        const int digits = (bits + widest - 1) / widest, width = (bits + digits - 1) / digits;
        uint64_t *words = words_.data(), *to_words = other_words_.data();
        uint32_t *order = order_, *to_order = other_order_.data();
        for (int digit = 0; digit < digits; digit++) {
            const int shift = digit * width;
            const uint64_t mask = (uint64_t{1} << width) - 1;
            int64_t ends[1 << kWide] = {};
            for (int64_t i = low; i < high; i++) ends[words[i] >> shift & mask]++;
            int64_t at = low;
            for (uint64_t k = 0; k <= mask; k++) at += std::exchange(ends[k], at);
            for (int64_t i = low; i < high; i++) {
                const int64_t to = ends[words[i] >> shift & mask]++;
                to_words[to] = words[i];
                to_order[to] = order[i];
            }
            std::swap(words, to_words);
            std::swap(order, to_order);
        }
        if (order != order_) {
            std::copy(order + low, order + high, order_ + low);
            std::copy(words + low, words + high, words_.data() + low);
        }
    }

    const std::vector<Key> &keys_;
    const bool descending_;
    uint32_t *order_;
    std::vector<uint64_t> words_, other_words_;
    std::vector<uint32_t> other_order_;
    std::vector<Task> waiting_;
};

Key key_of(const Taken &taken, int64_t rows) {
    const std::string format = taken.schema.format;
    if (taken.array.length != rows) throw std::invalid_argument("arrays of different lengths");
    if (format.size() != 1 || !std::strchr("cilgzZ", format[0]) || taken.schema.dictionary) {
        throw std::domain_error("rows cannot be sorted by arrays of Arrow type '" + format + "'");
    }
    const char kind = format[0];
    if (kind == 'z' || kind == 'Z') return {text_span(&taken.array, 0, rows, kind == 'Z'), kind};
    return {fixed_span(&taken.array, 0, rows, kind == 'c' ? 1 : kind == 'i' ? 4 : 8), kind};
}

nb::object row_order(const std::vector<nb::object> &arrays, bool descending) {
    return translated([&] {
        std::vector<Taken> taken;
        std::vector<Key> keys;
        for (const nb::object &array : arrays) taken.emplace_back(array.ptr());
        if (taken.empty()) throw std::invalid_argument("nothing to sort by");
        const int64_t rows = taken[0].array.length;
        if (rows > UINT32_MAX) throw std::invalid_argument("too many rows");
        for (const Taken &each : taken) keys.push_back(key_of(each, rows));
        Column out = fixed_column("I", rows, sizeof(uint32_t));
        {
            nb::gil_scoped_release release;
            Sorter(keys, rows, descending, out.buffers[1].as<uint32_t>()).run();
        }
        return nb::steal(checked(make_array(std::move(out))));
    });
}

}  // namespace

}  // namespace kernel

void bind_row_order(nb::module_ &m) {
    m.def("row_order", &kernel::row_order, nb::arg("arrays"), nb::arg("descending"));
}
