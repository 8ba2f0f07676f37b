// Least and greatest value of a column: None and (unless there is nothing else) NaN do not count, fold and UTC are
// ignored, of equal values the first is kept.
#pragma once

#include "types.h"

#include <string>

namespace kernel {

class MinMax {
public:
    explicit MinMax(Type type) : type_(type) {}

    void add(const Cell &cell);

    // Whole runs; `valid` is a byte a value, or null for all.
    void add_ints(const int64_t *values, const uint8_t *valid, const uint8_t *flags, int64_t n);
    void add_ints(const int32_t *values, const uint8_t *valid, int64_t n);
    // Ints and the bits of floats; `floats` is a byte a value, whether it is one.
    void add_numbers(const int64_t *values, const uint8_t *valid, const uint8_t *floats, int64_t n);
    void add_bools(const uint8_t *values, const uint8_t *valid, int64_t n);
    void add_floats(const double *values, const uint8_t *valid, int64_t n);
    void add_floats(const float *values, const uint8_t *valid, int64_t n);

    // New references: Python values, or None.
    PyObject *min() const { return value(least_); }
    PyObject *max() const { return value(greatest_); }

private:
    struct Extreme {
        Tag tag = Tag::None;
        uint8_t flags = 0;
        int64_t i = 0;
        double d = 0;
        std::string big;
    };

    static bool less(const Extreme &a, const Extreme &b);
    PyObject *value(const Extreme &e) const;
    void consider(const Extreme &e);
    template <class T> void run_of_ints(const T *values, const uint8_t *valid, const uint8_t *flags, int64_t n);
    template <class T> void run_of_floats(const T *values, const uint8_t *valid, int64_t n);

    Type type_;
    bool nan_ = false;
    Extreme least_, greatest_;
};

}  // namespace kernel
