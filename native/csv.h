// The CSV dialect (docs: csvimport): bytes -> lines -> fields, straight into Arrow buffers.
//
// A slice takes every `slices`-th data line, so each slice reads all of the file but only looks for line ends in
// the lines of others. Nothing of the file is kept but the line that is not complete yet.
#pragma once

#include "csv_column.h"

#include <string>

#include <sys/types.h>

namespace csv __attribute__((visibility("hidden"))) {

constexpr int NONE = -1;  // a character that is not set; for `newline`: "\n" with one optional "\r" before it
constexpr int BOTH = -2;  // for `quote`: both ' and "

// A line, and with `multiline` a record, may be this long. An unterminated quote must not eat all memory.
constexpr size_t MAX_LINE = size_t(512) << 20;

struct Dialect {
    int separator = ',';
    int newline = NONE;
    int comment = NONE;
    int quote = NONE;
    bool allow_extra_empty = false;
    bool skip_empty_lines = false;
    bool multiline = false;
};

enum class Outcome { good, not_enough, too_many, bad_quote };

// Splits one line (without its end) into fields. `limit` is the number of fields asked for, or 0 for any number.
Outcome split(const Dialect &dialect, const char *begin, const char *end, size_t limit, std::vector<Field> &out);

// Line number and bytes of lines that are not data.
struct LineColumns {
    Int64Column lineno;
    BinaryColumn data;
    void append(int64_t line, const char *begin, const char *end) {
        lineno.append(line);
        data.append(begin, static_cast<size_t>(end - begin));
    }
};

struct Plan {
    Dialect dialect;
    std::vector<int> keep;  // which fields become columns, in this order
    size_t fields = 0;      // fields a line must have; 0: stop when the label lines have been found
    int64_t label_lines = 0;
    int64_t skip_lines = 0;
    bool lineno = false;     // also give line numbers of the good lines
    bool raw = false;        // also give the whole good lines
    bool keep_skipped = false;
    bool share = false;      // give the texts of repetitive columns once, with indices
    int64_t sliceno = 0;
    int64_t slices = 1;
    size_t limit_rows = SIZE_MAX;   // stop here, so that batches are as long as row groups
    size_t limit_bytes = SIZE_MAX;  // approximately
};

class Splitter {
public:
    explicit Splitter(Plan plan);

    // Goes on with these bytes; with none, with what was left when a limit was reached.
    void feed(const char *data, size_t size);
    // The same, with up to `size` bytes from a file. Returns how many it had; 0 at its end, negative with errno set.
    ssize_t feed_from(int file, size_t size);
    // The end of the file. False if a limit was reached before: call it again after taking the rows.
    bool finish();
    bool full() const { return rows_ >= plan_.limit_rows || bytes_ >= plan_.limit_bytes; }

    // Counts of this slice's lines since the beginning.
    int64_t good = 0, bad = 0, skipped = 0;
    int64_t line = 0;  // physical lines of the file seen so far
    Outcome first_bad = Outcome::good;
    int64_t first_bad_line = 0;
    bool labels_found = false;
    std::vector<std::string> labels;

    size_t rows() const { return rows_; }
    std::vector<TextColumn::Taken> take_columns();
    arrow_abi::Column take_lineno() { return lineno_.take(); }
    arrow_abi::Column take_raw() { return raw_.take(); }
    LineColumns bad_lines, skipped_lines;

    const Plan &plan() const { return plan_; }

private:
    void go_on();
    bool run(bool final);
    const char *record_end(const char *begin, const char *first_newline, const char *end, bool final) const;
    void one_line(const char *begin, const char *end, bool special);
    void data_line(const char *begin, const char *end);
    void store_waiting();

    Plan plan_;
    char newline_;
    std::vector<Field> fields_;
    // Fields to be stored, of some lines: columns take them in one after the other, while each is in the cache.
    static constexpr size_t AT_ONCE = 64;
    std::vector<Field> waiting_;
    size_t waiting_lines_ = 0;
    std::vector<TextColumn> columns_;
    Int64Column lineno_;
    BinaryColumn raw_;
    size_t rows_ = 0, bytes_ = 0;
    int64_t data_turn_ = 0, skip_turn_ = 0;
    int64_t skip_left_, labels_left_;
    arrow_abi::Buffer buffer_;
    size_t scanned_ = 0;   // bytes at the start of the buffer known to hold no newline
    size_t retry_at_ = 0;  // with multiline: do not look again before the buffer holds this much
};

}  // namespace csv
