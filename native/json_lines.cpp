// Lines with a JSON object on each -> one Arrow array a key.
//
// A column begins with the type of its first value. When one comes that does not fit, the column gets a type that has
// room for both, from then on, and the block is read again. What the scanner leaves to Python makes the whole block
// Python's.
#include "array.h"
#include "buffer_view.h"
#include "builder.h"
#include "json_scan.h"
#include "parse.h"
#include "value_text.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

namespace nb = nanobind;

namespace kernel {

namespace {

// A float column that is asked for takes integers too.
enum class Mode : uint8_t { unknown, boolean, integer, floating, number, any_float, text, json };

// By JsonKind.
constexpr const char *kKinds[] = {"", "", "bool", "int", "bigint", "float", "str", "list", "dict"};

constexpr unsigned bit(JsonKind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr unsigned kNumbers = bit(JsonKind::integer) | bit(JsonKind::big) | bit(JsonKind::floating);

Mode mode_of(unsigned kinds) {
    if (kinds == bit(JsonKind::boolean)) return Mode::boolean;
    if (kinds == bit(JsonKind::integer)) return Mode::integer;
    if (kinds == bit(JsonKind::floating)) return Mode::floating;
    if (kinds == bit(JsonKind::text)) return Mode::text;
    return kinds & ~kNumbers ? Mode::json : Mode::number;
}

unsigned kinds_of(Mode mode) {
    switch (mode) {
    case Mode::unknown: return 0;
    case Mode::boolean: return bit(JsonKind::boolean);
    case Mode::integer: return bit(JsonKind::integer);
    case Mode::floating: return bit(JsonKind::floating);
    case Mode::number:
    case Mode::any_float: return kNumbers;
    case Mode::text: return bit(JsonKind::text);
    case Mode::json: break;
    }
    return ~0u;
}

Type type_of(Mode mode) {
    switch (mode) {
    case Mode::boolean: return Type::Bool;
    case Mode::integer: return Type::Int64;
    case Mode::floating:
    case Mode::any_float: return Type::Float64;
    case Mode::number: return Type::Number;
    case Mode::text: return Type::Unicode;
    default: return Type::Json;
    }
}

Mode asked_for(const std::string &type) {
    if (type == "json") return Mode::json;
    if (type == "number") return Mode::number;
    if (type == "float64" || type == "float32") return Mode::any_float;
    return Mode::unknown;
}

class JsonColumn {
public:
    JsonColumn(std::string name, Mode mode) : name_(std::move(name)) { set_mode(mode); }

    const std::string &name() const { return name_; }
    // Whether the key has come in this block.
    bool seen() const { return last_ >= 0; }
    // Says that the key has come; false if it has before in this row.
    bool open(int64_t row) {
        if (last_ == row) return false;
        last_ = row;
        return true;
    }
    // Stores the value that begins here as that of a row. False if the block is to be read again, or left to Python.
    bool append(int64_t row, JsonScanner &scanner, bool &again);
    // Forgets the rows of this block.
    void clear() {
        if (builder_) builder_->truncate(0);
        kinds_ = 0;
        last_ = -1;
    }
    // The kinds of values, and an array of so many rows, None if they have no value.
    nb::object take(int64_t rows);

private:
    void set_mode(Mode mode) {
        mode_ = mode;
        builder_.reset();
        if (mode != Mode::unknown) builder_ = std::make_unique<Builder>(ColumnType{type_of(mode), false}, true);
    }
    void fill(int64_t rows) {
        Cell none;
        while (builder_->pending() < rows) builder_->append(none);
    }
    bool store(JsonKind kind, const JsonValue &value, int64_t row);

    std::string name_, normal_;
    Mode mode_;
    unsigned kinds_ = 0;
    int64_t last_ = -1;
    JsonValue value_;
    std::unique_ptr<Builder> builder_;
};

bool JsonColumn::append(int64_t row, JsonScanner &scanner, bool &again) {
    JsonKind kind;
    if (mode_ == Mode::json) {
        normal_.clear();
        kind = scanner.append_normal(normal_);
        value_.text = normal_;
    } else {
        kind = scanner.value(value_);
    }
    if (kind == JsonKind::unknown) return false;
    if (kind == JsonKind::null) return true;
    kinds_ |= bit(kind);
    if (!(kinds_of(mode_) & bit(kind))) {
        again = mode_ != Mode::unknown;
        set_mode(mode_of(kinds_of(mode_) | bit(kind)));
        if (again) return false;
    }
    return store(kind, value_, row);
}

bool JsonColumn::store(JsonKind kind, const JsonValue &value, int64_t row) {
    fill(row);
    Cell cell;
    switch (mode_) {
    case Mode::boolean: cell.set_int(value.truth); break;
    case Mode::integer: cell.set_int(value.integer); break;
    case Mode::floating: cell.set_float(value.floating); break;
    case Mode::any_float: {
        double d = kind == JsonKind::integer ? static_cast<double>(value.integer) : value.floating;
        if (kind == JsonKind::big && !parse::floating(value.text, false, false, d)) return false;
        cell.set_float(d);
        break;
    }
    case Mode::number:
        if (kind == JsonKind::integer) {
            cell.set_int(value.integer);
        } else if (kind == JsonKind::floating) {
            cell.set_float(value.floating);
        } else {
            cell.set_view(value.big.data(), static_cast<int64_t>(value.big.size()));
            cell.tag = Tag::Big;
        }
        break;
    default:
        if (value.text.size() > kMaxValueBytes) return false;
        cell.set_view(value.text.data(), static_cast<int64_t>(value.text.size()));
    }
    builder_->append(cell);
    return true;
}

nb::object JsonColumn::take(int64_t rows) {
    nb::set kinds;
    for (unsigned k = 0; k < std::size(kKinds); k++) {
        if (kinds_ >> k & 1) kinds.add(nb::str(kKinds[k]));
    }
    if (kinds_ & bit(JsonKind::big)) kinds.add(nb::str("int"));
    nb::object array = nb::none();
    if (kinds_) {
        fill(rows);
        array = nb::steal(make_array(builder_->take()));
    } else if (builder_) {
        builder_->truncate(0);
    }
    clear();
    return nb::make_tuple(kinds, array);
}

class JsonLines {
public:
    JsonLines(std::set<std::string> wanted, std::map<std::string, std::string> types)
        : wanted_(std::move(wanted)), types_(std::move(types)) {}

    std::optional<int64_t> read(std::string_view block);
    nb::dict take();

private:
    static constexpr size_t kIgnored = SIZE_MAX;
    struct Key {
        std::string written;  // with its quotes and escapes
        size_t column;
    };

    bool lines(std::string_view block, bool &again);
    bool object(bool &again);
    bool member(size_t place, bool &again);
    bool key(size_t place, size_t &column);
    size_t column_of(std::string_view name);

    std::set<std::string> wanted_;  // empty for all
    std::map<std::string, std::string> types_;
    std::vector<std::unique_ptr<JsonColumn>> columns_;
    std::unordered_map<std::string, size_t> by_name_;
    std::vector<Key> keys_;  // which came last in each place of an object, where the next one likely has it too
    JsonScanner scanner_;
    std::string skipped_;
    int64_t rows_ = 0;
};

size_t JsonLines::column_of(std::string_view name) {
    std::string text(name);
    if (const auto found = by_name_.find(text); found != by_name_.end()) return found->second;
    if (!wanted_.empty() && !wanted_.contains(text)) return kIgnored;
    const auto type = types_.find(text);
    columns_.push_back(std::make_unique<JsonColumn>(text, type == types_.end() ? Mode::unknown : asked_for(type->second)));
    by_name_.emplace(std::move(text), columns_.size() - 1);
    return columns_.size() - 1;
}

bool JsonLines::key(size_t place, size_t &column) {
    scanner_.skip_space();
    const char *start = scanner_.position();
    if (place < keys_.size()) {
        const std::string &written = keys_[place].written;
        if (scanner_.left() >= written.size() && !std::memcmp(start, written.data(), written.size())) {
            scanner_.skip(written.size());
            column = keys_[place].column;
            return true;
        }
    }
    std::string_view name;
    if (!scanner_.text(name)) return false;
    column = column_of(name);
    if (place == keys_.size()) keys_.emplace_back();
    keys_[place] = {{start, scanner_.position()}, column};
    return true;
}

bool JsonLines::member(size_t place, bool &again) {
    size_t column;
    if (!key(place, column) || !scanner_.take(':')) return false;
    scanner_.skip_space();
    if (column != kIgnored) {
        JsonColumn &into = *columns_[column];
        return into.open(rows_) && into.append(rows_, scanner_, again);
    }
    skipped_.clear();
    return scanner_.append_normal(skipped_) != JsonKind::unknown;
}

bool JsonLines::object(bool &again) {
    if (!scanner_.take('{')) return false;
    if (!scanner_.take('}')) {
        for (size_t place = 0;; place++) {
            if (!member(place, again)) return false;
            if (scanner_.take('}')) break;
            if (!scanner_.take(',')) return false;
        }
    }
    scanner_.skip_space();
    return scanner_.at_end();
}

bool JsonLines::lines(std::string_view block, bool &again) {
    rows_ = 0;
    for (auto &column : columns_) column->clear();
    while (!block.empty()) {
        const size_t end = std::min(block.find('\n'), block.size());
        scanner_.set(block.substr(0, end));
        block.remove_prefix(std::min(end + 1, block.size()));
        scanner_.skip_space();
        if (scanner_.at_end()) continue;
        if (!object(again)) return false;
        rows_++;
    }
    return true;
}

std::optional<int64_t> JsonLines::read(std::string_view block) {
    bool again;
    do {
        again = false;
        if (lines(block, again)) return rows_;
    } while (again);
    rows_ = 0;
    for (auto &column : columns_) column->clear();
    return std::nullopt;
}

nb::dict JsonLines::take() {
    nb::dict out;
    for (auto &column : columns_) {
        if (!column->seen()) continue;
        out[nb::str(column->name().data(), column->name().size())] = column->take(rows_);
    }
    rows_ = 0;
    return out;
}

// An array of JSON text as a column of json has it; None for what Python must look at.
nb::object normal_json(nb::handle object) {
    const parse::TextArray texts(object);
    Builder builder({Type::Json, false}, true);
    std::string text;
    for (int64_t i = 0; i < texts.size(); i++) {
        Cell cell;
        if (!texts.null(i)) {
            text.clear();
            if (!append_normal_json(texts[i], text) || text.size() > kMaxValueBytes) return nb::none();
            cell.set_view(text.data(), static_cast<int64_t>(text.size()));
        }
        builder.append(cell);
    }
    return nb::steal(make_array(builder.take()));
}

}  // namespace

}  // namespace kernel

void bind_json_lines(nb::module_ &m) {
    using kernel::JsonLines;
    m.def("normal_json", [](nb::handle array) { return kernel::translated([&] { return kernel::normal_json(array); }); },
          nb::arg("array"));
    nb::class_<JsonLines>(m, "JsonLines")
        .def(nb::init<std::set<std::string>, std::map<std::string, std::string>>(), nb::arg("wanted"), nb::arg("types"))
        .def(
            "read",
            [](JsonLines &self, nb::handle block) -> nb::object {
                const kernel::BufferView view(block);
                std::optional<int64_t> rows;
                {
                    nb::gil_scoped_release release;
                    rows = self.read({view.data(), view.size()});
                }
                return rows ? nb::cast(*rows) : nb::none();
            },
            nb::arg("block"))
        .def("take", [](JsonLines &self) { return kernel::translated([&] { return self.take(); }); });
}
