#include "csv.h"

#include "array.h"
#include "buffer_view.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include <unistd.h>

namespace csv __attribute__((visibility("hidden"))) {

using arrow_abi::Column;

namespace {

inline bool opens_quote(const Dialect &d, char c, char &quote) {
    if (d.quote == NONE) return false;
    if (d.quote == BOTH ? (c == '"' || c == '\'') : c == static_cast<char>(d.quote)) {
        quote = c;
        return true;
    }
    return false;
}

// The field that starts at `p`. Returns where it ends (a separator or `end`), or null if its quotes are wrong.
inline const char *one_field(const Dialect &d, const char *p, const char *end, Field &out) {
    const bool separated = d.separator != NONE;
    const char separator = static_cast<char>(d.separator);
    char quote;
    if (p < end && opens_quote(d, *p, quote)) {
        out.begin = ++p;
        out.quoted = true;
        out.escaped = 0;
        while (true) {
            p = find(p, end, quote);
            if (p == end) return nullptr;
            // Before the look for a second quote: where the separator is the quote, no quote is doubled.
            if (p + 1 == end || (separated && p[1] == separator)) {
                out.size = static_cast<size_t>(p - out.begin);
                return p + 1;
            }
            if (p[1] != quote) return nullptr;
            out.escaped = quote;
            p += 2;
        }
    }
    out.begin = p;
    out.quoted = false;
    out.escaped = 0;
    p = separated ? find(p, end, separator) : end;
    out.size = static_cast<size_t>(p - out.begin);
    return p;
}

}  // namespace

Outcome split(const Dialect &d, const char *begin, const char *end, size_t limit, std::vector<Field> &out) {
    out.clear();
    if (begin == end && limit > 1) return Outcome::not_enough;
    const char *p = begin;
    Field field;
    while (true) {
        p = one_field(d, p, end, field);
        if (!p) return Outcome::bad_quote;
        if (limit == 0 || out.size() < limit) out.push_back(field);
        else if (!d.allow_extra_empty || field.size) return Outcome::too_many;
        if (p == end) break;
        if (limit && out.size() == limit && !d.allow_extra_empty) return Outcome::too_many;
        p++;
    }
    return limit && out.size() < limit ? Outcome::not_enough : Outcome::good;
}

// --- lines -----------------------------------------------------------------------------------------------------

Splitter::Splitter(Plan plan)
    : plan_(std::move(plan)), newline_(plan_.dialect.newline == NONE ? '\n' : static_cast<char>(plan_.dialect.newline)),
      skip_left_(plan_.skip_lines), labels_left_(plan_.label_lines) {
    for (size_t i = 0; i < plan_.keep.size(); i++) columns_.emplace_back(plan_.share ? plan_.limit_rows : 0);
}

void Splitter::feed(const char *data, size_t size) {
    if (labels_found) return;
    buffer_.reserve(size + PADDING);
    buffer_.append(data, size);
    go_on();
}

ssize_t Splitter::feed_from(int file, size_t size) {
    if (labels_found) return 0;
    buffer_.reserve(size + PADDING);
    ssize_t got;
    do got = read(file, buffer_.data() + buffer_.size(), size);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        buffer_.advance(static_cast<size_t>(got));
        go_on();
    }
    return got;
}

void Splitter::go_on() {
    if (buffer_.size() >= retry_at_) run(false);
}

bool Splitter::finish() {
    if (labels_found) return true;
    buffer_.reserve(PADDING);
    return run(true);
}

// Where the record that starts at `begin` ends, given its first newline. Null: its last quote is still open.
const char *Splitter::record_end(const char *begin, const char *newline, const char *end, bool final) const {
    const Dialect &d = plan_.dialect;
    const bool separated = d.separator != NONE;
    const char *p = begin;
    while (true) {
        char quote;
        if (p < end && opens_quote(d, *p, quote)) {
            p++;
            while (true) {
                p = find(p, end, quote);
                if (end - p < 3 && !final) return nullptr;  // what follows the quote decides
                if (p == end) return nullptr;
                if (p + 1 == end || p[1] != quote || (separated && quote == static_cast<char>(d.separator))) break;
                p += 2;
            }
            p++;
            if (p == end || *p == newline_) return p;
            if (d.newline == NONE && *p == '\r' && p + 1 < end && p[1] == '\n') return p + 1;
            if (!separated || *p != static_cast<char>(d.separator)) return find(p, end, newline_);  // a bad line
        } else {
            if (newline < p) newline = find(p, end, newline_);
            const char *stop = separated ? find(p, newline, static_cast<char>(d.separator)) : newline;
            if (stop == newline) return newline == end && !final ? nullptr : newline;
            p = stop;
        }
        p++;
        if (newline < p) newline = find(p, end, newline_);
    }
}

bool Splitter::run(bool final) {
    const Dialect &d = plan_.dialect;
    const char *const base = reinterpret_cast<const char *>(buffer_.data());
    const char *p = base, *const end = base + buffer_.size();
    const char *from = base + scanned_;
    retry_at_ = 0;
    while (p < end && !labels_found && !full()) {
        const char *newline = static_cast<const char *>(std::memchr(from, newline_, static_cast<size_t>(end - from)));
        if (!newline && !final) {
            if (static_cast<size_t>(end - p) > MAX_LINE) {
                store_waiting();
                throw std::length_error("line " + std::to_string(line + 1) + " is longer than " +
                                        std::to_string(MAX_LINE) + " bytes");
            }
            if (d.multiline) retry_at_ = static_cast<size_t>(end - p) * 2;
            break;
        }
        const char *stop = newline ? newline : end;
        // The first byte of the line with its end: that may be what comments begin with.
        const bool special = skip_left_ > 0 || (d.comment != NONE && *p == static_cast<char>(d.comment));
        if (d.multiline && !special) {
            const char *record = record_end(p, stop, end, final);
            if (record) {
                stop = record;
            } else if (!final && static_cast<size_t>(end - p) <= MAX_LINE) {
                retry_at_ = static_cast<size_t>(end - p) * 2;
                break;
            }  // else the quote is never closed: the line on which it was opened is bad, the next is a new one
        }
        line++;
        const char *text_end = stop;
        if (d.newline == NONE && stop < end && stop > p && stop[-1] == '\r') text_end--;
        const int64_t inner = d.multiline && !special ? std::count(p, stop, newline_) : 0;
        one_line(p, text_end, special);
        line += inner;
        p = stop < end ? stop + 1 : end;
        from = p;
    }
    store_waiting();  // before what they lie in moves
    const size_t rest = static_cast<size_t>(end - p);
    // What is left after a limit, or in multiline mode, has newlines; otherwise it need not be looked at again.
    const bool stopped = full();
    scanned_ = d.multiline || stopped ? 0 : rest;
    if (p != base) {
        std::memmove(buffer_.data(), p, rest);
        buffer_.resize(rest);
    }
    return rest == 0 || labels_found || !stopped;
}

void Splitter::one_line(const char *begin, const char *end, bool special) {
    if (special || (plan_.dialect.skip_empty_lines && begin == end)) {
        if (skip_left_ > 0) skip_left_--;
        if (skip_turn_ == plan_.sliceno) {
            skipped++;
            if (plan_.keep_skipped) {
                skipped_lines.append(line, begin, end);
                bytes_ += static_cast<size_t>(end - begin) + 12;
            }
        }
        if (++skip_turn_ == plan_.slices) skip_turn_ = 0;
        return;
    }
    if (labels_left_ > 0) {
        labels_left_--;
        if (plan_.fields == 0) {
            labels.emplace_back(begin, end);
            labels_found = labels_left_ == 0;
        }
        return;
    }
    if (data_turn_ == plan_.sliceno) data_line(begin, end);
    if (++data_turn_ == plan_.slices) data_turn_ = 0;
}

void Splitter::data_line(const char *begin, const char *end) {
    bytes_ += static_cast<size_t>(end - begin);
    const Outcome outcome = split(plan_.dialect, begin, end, plan_.fields, fields_);
    if (outcome != Outcome::good) {
        if (!bad++) {
            first_bad = outcome;
            first_bad_line = line;
        }
        bad_lines.append(line, begin, end);
        return;
    }
    good++;
    rows_++;
    for (const int kept : plan_.keep) waiting_.push_back(fields_[static_cast<size_t>(kept)]);
    if (++waiting_lines_ == AT_ONCE) store_waiting();
    if (plan_.lineno) lineno_.append(line);
    if (plan_.raw) raw_.append(begin, static_cast<size_t>(end - begin));
}

void Splitter::store_waiting() {
    for (size_t i = 0; i < columns_.size(); i++)
        columns_[i].append(waiting_.data() + i, columns_.size(), waiting_lines_);
    waiting_.clear();
    waiting_lines_ = 0;
}

std::vector<TextColumn::Taken> Splitter::take_columns() {
    std::vector<TextColumn::Taken> out;
    out.reserve(columns_.size());
    for (TextColumn &column : columns_) out.push_back(column.take());
    rows_ = 0;
    bytes_ = 0;
    return out;
}

}  // namespace csv

// --- Python ----------------------------------------------------------------------------------------------------

namespace nb = nanobind;

namespace {

const char *outcome_name(csv::Outcome outcome) {
    switch (outcome) {
    case csv::Outcome::good: return "";
    case csv::Outcome::not_enough: return "not enough";
    case csv::Outcome::too_many: return "too many";
    case csv::Outcome::bad_quote: return "bad quote";
    }
    return "";
}

void check_char(const char *name, int c, int lowest) {
    if (c < lowest || c > 255) throw nb::value_error((std::string(name) + " is not a byte").c_str());
}

csv::Dialect dialect(int separator, int newline, int comment, int quote, bool allow_extra_empty,
                     bool skip_empty_lines, bool multiline) {
    check_char("separator", separator, csv::NONE);
    check_char("newline", newline, csv::NONE);
    check_char("comment", comment, csv::NONE);
    check_char("quote", quote, csv::BOTH);
    return {separator, newline, comment, quote, allow_extra_empty, skip_empty_lines, multiline};
}

nb::object array_of(arrow_abi::Column &&column) {
    try {
        return nb::steal(kernel::make_array(std::move(column)));
    } catch (const kernel::PythonError &) {
        throw nb::python_error();
    }
}

nb::list split_fields(nb::bytes text, int separator, int quote) {
    const csv::Dialect d = dialect(separator, csv::NONE, csv::NONE, quote, false, false, false);
    // A copy with bytes behind it, which the search for the next separator may look at.
    std::string padded(text.c_str(), text.size());
    padded.append(csv::PADDING, '\0');
    std::vector<csv::Field> fields;
    if (csv::split(d, padded.data(), padded.data() + text.size(), 0, fields) != csv::Outcome::good)
        throw nb::value_error("the quotes do not match");
    nb::list out;
    for (const csv::Field &field : fields) {
        std::string value(field.begin, field.size);
        if (field.escaped) {
            std::string plain;
            for (size_t i = 0; i < value.size(); i++) {
                plain.push_back(value[i]);
                if (value[i] == field.escaped) i++;
            }
            value = std::move(plain);
        }
        out.append(nb::bytes(value.data(), value.size()));
    }
    return out;
}

}  // namespace

void bind_csv(nb::module_ &m) {
    using csv::Splitter;
    nb::class_<Splitter>(m, "CsvSplitter")
        .def(
            "__init__",
            [](Splitter *self, int64_t fields, std::vector<int> keep, int separator, int newline, int comment, int quote,
               int64_t label_lines, int64_t skip_lines, bool skip_empty_lines, bool allow_extra_empty, bool multiline,
               bool lineno, bool raw, bool keep_skipped, bool share, int64_t sliceno, int64_t slices, size_t limit_rows,
               size_t limit_bytes) {
                csv::Plan plan;
                plan.dialect =
                    dialect(separator, newline, comment, quote, allow_extra_empty, skip_empty_lines, multiline);
                if (fields < 0 || label_lines < 0 || skip_lines < 0)
                    throw nb::value_error("fields, label_lines and skip_lines must not be negative");
                if (slices < 1 || sliceno < 0 || sliceno >= slices) throw nb::value_error("no such slice");
                for (int k : keep)
                    if (k < 0 || k >= fields) throw nb::value_error("keep names a field that is not there");
                if (fields == 0 && label_lines == 0) throw nb::value_error("neither fields nor label lines asked for");
                plan.keep = std::move(keep);
                plan.fields = static_cast<size_t>(fields);
                plan.label_lines = label_lines;
                plan.skip_lines = skip_lines;
                plan.lineno = lineno;
                plan.raw = raw;
                plan.keep_skipped = keep_skipped;
                plan.share = share && limit_rows;
                plan.sliceno = sliceno;
                plan.slices = slices;
                if (limit_rows) plan.limit_rows = limit_rows;
                if (limit_bytes) plan.limit_bytes = limit_bytes;
                new (self) Splitter(std::move(plan));
            },
            nb::arg("fields"), nb::arg("keep"), nb::kw_only(), nb::arg("separator") = int(','),
            nb::arg("newline") = csv::NONE, nb::arg("comment") = csv::NONE, nb::arg("quote") = csv::NONE,
            nb::arg("label_lines") = 0, nb::arg("skip_lines") = 0, nb::arg("skip_empty_lines") = false,
            nb::arg("allow_extra_empty") = false, nb::arg("multiline") = false, nb::arg("lineno") = false,
            nb::arg("raw") = false, nb::arg("keep_skipped") = false, nb::arg("share") = false, nb::arg("sliceno") = 0, nb::arg("slices") = 1,
            nb::arg("limit_rows") = 0, nb::arg("limit_bytes") = 0)
        .def(
            "feed",
            [](Splitter &self, nb::handle block) {
                const kernel::BufferView view(block);
                nb::gil_scoped_release release;
                self.feed(view.data(), view.size());
            },
            nb::arg("block"))
        .def(
            "feed_from",
            [](Splitter &self, int file, size_t size) {
                ssize_t got;
                {
                    nb::gil_scoped_release release;
                    got = self.feed_from(file, size);
                }
                if (got < 0) {
                    PyErr_SetFromErrno(PyExc_OSError);
                    throw nb::python_error();
                }
                return got;
            },
            nb::arg("file"), nb::arg("size"))
        .def("finish", &Splitter::finish, nb::call_guard<nb::gil_scoped_release>())
        .def("take",
             [](Splitter &self) {
                 nb::list columns;
                 for (csv::TextColumn::Taken &taken : self.take_columns()) {
                     nb::object values = array_of(std::move(taken.values));
                     if (taken.dictionary)
                         values = nb::make_tuple(values, array_of(std::move(*taken.dictionary)));
                     columns.append(values);
                 }
                 nb::object lineno = self.plan().lineno ? array_of(self.take_lineno()) : nb::none();
                 nb::object raw = self.plan().raw ? array_of(self.take_raw()) : nb::none();
                 return nb::make_tuple(columns, lineno, raw);
             })
        .def("take_bad",
             [](Splitter &self) {
                 return nb::make_tuple(array_of(self.bad_lines.lineno.take()), array_of(self.bad_lines.data.take()));
             })
        .def("take_skipped",
             [](Splitter &self) {
                 return nb::make_tuple(array_of(self.skipped_lines.lineno.take()),
                                       array_of(self.skipped_lines.data.take()));
             })
        .def_prop_ro("rows", &Splitter::rows)
        .def_prop_ro("full", &Splitter::full)
        .def_ro("good", &Splitter::good)
        .def_ro("bad", &Splitter::bad)
        .def_ro("skipped", &Splitter::skipped)
        .def_ro("line", &Splitter::line)
        .def_ro("labels_found", &Splitter::labels_found)
        .def_prop_ro("first_bad",
                     [](const Splitter &self) -> nb::object {
                         if (!self.bad) return nb::none();
                         return nb::make_tuple(outcome_name(self.first_bad), self.first_bad_line);
                     })
        .def_prop_ro("labels", [](const Splitter &self) {
            nb::list out;
            for (const std::string &label : self.labels) out.append(nb::bytes(label.data(), label.size()));
            return out;
        });
    m.def("split_fields", &split_fields, nb::arg("text"), nb::arg("separator"), nb::arg("quote"));
}
