#include "stats.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>

#include <limits>

namespace kernel {

namespace {

// An int64 against a double, exactly: a conversion either way would round or overflow. No NaN.
bool int_below_double(int64_t a, double b) {
    if (b >= 0x1p63) return true;
    if (b < -0x1p63) return false;
    const int64_t whole = static_cast<int64_t>(b);  // towards zero
    return a < whole || (a == whole && b > static_cast<double>(whole));
}

bool double_below_int(double a, int64_t b) {
    if (a >= 0x1p63) return false;
    if (a < -0x1p63) return true;
    const int64_t whole = static_cast<int64_t>(a);
    return whole < b || (whole == b && a < static_cast<double>(whole));
}

}  // namespace

bool MinMax::less(const Extreme &a, const Extreme &b) {
    if (a.tag == Tag::Int && b.tag == Tag::Int) return a.i < b.i;
    if (a.tag == Tag::Float && b.tag == Tag::Float) return a.d < b.d;
    if (a.tag == Tag::Int && b.tag == Tag::Float) return int_below_double(a.i, b.d);
    if (a.tag == Tag::Float && b.tag == Tag::Int) return double_below_int(a.d, b.i);
    const auto number = [](const Extreme &e) {  // rare: let Python compare
        if (e.tag == Tag::Int) return checked(PyLong_FromLongLong(e.i));
        if (e.tag == Tag::Float) return checked(PyFloat_FromDouble(e.d));
        return checked(make_big(e.big.data(), e.big.size()));
    };
    Ref x(number(a)), y(number(b));
    const int result = PyObject_RichCompareBool(x.get(), y.get(), Py_LT);
    if (result < 0) throw PythonError();
    return result;
}

void MinMax::consider(const Extreme &e) {
    if (least_.tag == Tag::None || less(e, least_)) least_ = e;
    if (greatest_.tag == Tag::None || less(greatest_, e)) greatest_ = e;
}

void MinMax::add(const Cell &cell) {
    Extreme e;
    e.tag = cell.tag;
    e.flags = cell.flags;
    switch (cell.tag) {
    case Tag::Int: e.i = cell.i; break;
    case Tag::Float:
        if (cell.d != cell.d) {
            nan_ = true;
            return;
        }
        e.d = cell.d;
        break;
    case Tag::Big: e.big.assign(cell.bytes(), static_cast<size_t>(cell.n)); break;
    default: return;
    }
    consider(e);
}

template <class T>
void MinMax::run_of_ints(const T *values, const uint8_t *valid, const uint8_t *flags, int64_t n) {
    int64_t low = -1, high = -1;
    if (!valid && n) {
        T least = values[0], greatest = values[0];
        for (int64_t k = 0; k < n; k++) {
            least = values[k] < least ? values[k] : least;
            greatest = values[k] > greatest ? values[k] : greatest;
        }
        for (low = 0; values[low] != least;) low++;  // the first of equals decides over fold and UTC
        for (high = 0; values[high] != greatest;) high++;
    } else {
        for (int64_t k = 0; k < n; k++) {
            if (!valid[k]) continue;
            if (low < 0 || values[k] < values[low]) low = k;
            if (high < 0 || values[k] > values[high]) high = k;
        }
    }
    for (const int64_t k : {low, high}) {
        if (k < 0) continue;
        Extreme e;
        e.tag = Tag::Int;
        e.i = values[k];
        if (flags) e.flags = flags[k];
        consider(e);
    }
}

template <class T> void MinMax::run_of_floats(const T *values, const uint8_t *valid, int64_t n) {
    int64_t low = -1, high = -1;
    if (!valid) {
        constexpr T infinity = std::numeric_limits<T>::infinity();
        T least = infinity, greatest = -infinity;
        bool nan = false;
        for (int64_t k = 0; k < n; k++) {  // without branches
            const T v = values[k];
            nan |= v != v;
            least = v < least ? v : least;
            greatest = v > greatest ? v : greatest;
        }
        nan_ |= nan;
        while (++low < n && values[low] != least) {}  // the first of equals decides between 0.0 and -0.0
        while (++high < n && values[high] != greatest) {}
        if (low == n) low = high = -1;  // nothing but NaN
    }
    for (int64_t k = 0; valid && k < n; k++) {
        if (!valid[k]) continue;
        const T v = values[k];
        if (v != v) {
            nan_ = true;
            continue;
        }
        if (low < 0 || v < values[low]) low = k;
        if (high < 0 || v > values[high]) high = k;
    }
    for (const int64_t k : {low, high}) {
        if (k < 0) continue;
        Extreme e;
        e.tag = Tag::Float;
        e.d = values[k];
        consider(e);
    }
}

void MinMax::add_numbers(const int64_t *values, const uint8_t *valid, const uint8_t *floats, int64_t n) {
    // Without branches: which kind comes next cannot be foreseen.
    constexpr int64_t top = std::numeric_limits<int64_t>::max(), bottom = std::numeric_limits<int64_t>::min();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    int64_t least = top, greatest = bottom;
    double low = infinity, high = -infinity;
    bool nan = false;
    for (int64_t k = 0; k < n; k++) {
        const bool there = !valid || valid[k];
        const bool is_int = there && !floats[k], is_float = there && floats[k];
        const auto d = std::bit_cast<double>(values[k]);
        least = std::min(least, is_int ? values[k] : top);
        greatest = std::max(greatest, is_int ? values[k] : bottom);
        low = is_float && d < low ? d : low;
        high = is_float && d > high ? d : high;
        nan |= is_float && d != d;
    }
    nan_ = nan_ || nan;
    // The first of each; in the order they came, because of an int and a float that are equal the first is kept.
    const auto first_of = [&](bool is_float, auto equals) {
        int64_t k = 0;
        while (k < n && !((!valid || valid[k]) & (floats[k] == is_float) & equals(values[k]))) k++;
        return k;
    };
    int64_t first[] = {
        first_of(false, [&](int64_t v) { return v == least; }),
        first_of(false, [&](int64_t v) { return v == greatest; }),
        first_of(true, [&](int64_t v) { return std::bit_cast<double>(v) == low; }),
        first_of(true, [&](int64_t v) { return std::bit_cast<double>(v) == high; }),
    };
    std::sort(std::begin(first), std::end(first));
    for (const int64_t k : first) {
        if (k == n) continue;
        Extreme e;
        e.tag = floats[k] ? Tag::Float : Tag::Int;
        if (floats[k]) e.d = std::bit_cast<double>(values[k]);
        else e.i = values[k];
        consider(e);
    }
}

void MinMax::add_ints(const int64_t *values, const uint8_t *valid, const uint8_t *flags, int64_t n) {
    run_of_ints(values, valid, flags, n);
}
void MinMax::add_ints(const int32_t *values, const uint8_t *valid, int64_t n) { run_of_ints(values, valid, nullptr, n); }
void MinMax::add_bools(const uint8_t *values, const uint8_t *valid, int64_t n) { run_of_ints(values, valid, nullptr, n); }
void MinMax::add_floats(const double *values, const uint8_t *valid, int64_t n) { run_of_floats(values, valid, n); }
void MinMax::add_floats(const float *values, const uint8_t *valid, int64_t n) { run_of_floats(values, valid, n); }

PyObject *MinMax::value(const Extreme &e) const {
    if (e.tag == Tag::None) return Py_NewRef(nan_ ? shared_nan() : Py_None);
    Cell cell;
    cell.tag = e.tag;
    cell.flags = e.flags;
    if (e.tag == Tag::Int) cell.i = e.i;
    else if (e.tag == Tag::Float) cell.d = e.d;
    else cell.p = e.big.data(), cell.n = static_cast<int64_t>(e.big.size());
    return from_cell(type_, cell);
}

}  // namespace kernel
