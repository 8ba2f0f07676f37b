// JSON text as Python's json module reads it. What is wrong, and what is too rare to be worth the code here (half a
// surrogate pair, a key that comes twice, deep nesting, very large integers), is left to that module.
#pragma once

#include "arrow_abi.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kernel {

// What a value is in Python. `big` is an int beyond 64 bits; `unknown` is left to Python.
enum class JsonKind : uint8_t { unknown, null, boolean, integer, big, floating, text, list, object };

struct JsonValue {
    bool truth = false;
    int64_t integer = 0;
    double floating = 0;
    // Of a text its characters in UTF-8; of a number how it is written; of a list or an object what append_normal
    // gives. Good until the next value is read.
    std::string_view text;
    std::string big;  // little-endian two's complement
};

class JsonScanner {
public:
    // Begins with other text, which must stay where it is.
    void set(std::string_view text) {
        p_ = text.data();
        end_ = p_ + text.size();
    }
    const char *position() const { return p_; }
    size_t left() const { return static_cast<size_t>(end_ - p_); }
    bool at_end() const { return p_ == end_; }
    void skip(size_t n) { p_ += n; }
    void skip_space() {
        while (p_ < end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\r' || *p_ == '\n')) p_++;
    }
    // Takes a character that must be next, and space before it.
    bool take(char c) {
        skip_space();
        if (p_ == end_ || *p_ != c) return false;
        p_++;
        return true;
    }
    // A string, from its quote on.
    bool text(std::string_view &out);
    // The value that begins here.
    JsonKind value(JsonValue &out);
    // The same value as JSON text: what json.dumps(value, ensure_ascii=False, separators=(",", ":")) returns.
    JsonKind append_normal(std::string &out, int depth = 0);

private:
    bool word(std::string_view expected);
    bool escape();
    bool code_unit(uint32_t &out);
    JsonKind number(JsonValue &out);
    void append_number(JsonKind kind, const JsonValue &value, std::string &out);
    bool append_string(std::string &out);
    bool append_list(std::string &out, int depth);
    bool append_object(std::string &out, int depth);
    bool key_twice(const std::string &out, size_t first);

    const char *p_ = nullptr, *end_ = nullptr;
    std::string unescaped_, normal_;
    JsonValue number_;
    arrow_abi::Buffer digits_;
    std::vector<std::pair<size_t, size_t>> keys_;  // of the objects that are open: where they are in the output
};

// Appends what append_normal makes of a text that is JSON and nothing else. False for what Python must look at.
bool append_normal_json(std::string_view text, std::string &out);

}  // namespace kernel
