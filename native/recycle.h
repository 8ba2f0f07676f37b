// Objects handed out before and dropped since by everybody else become the next values: neither freed nor allocated.
//
// Who holds the only reference to an object may change it, as `zip` does with its tuple. Each column keeps its last two
// values: a loop still holds one while it asks for the next. No such value can be watched by a weak reference.
#pragma once

#include "types.h"

namespace kernel {

// Only where the insides of the objects are known, and where a count of one is proof.
#if defined(Py_GIL_DISABLED) || PY_VERSION_HEX >= 0x030F0000 || PYLONG_BITS_IN_DIGIT != 30
constexpr bool kRecycle = false;
#else
constexpr bool kRecycle = true;
#endif

// One object kept, and how much it has room for: digits or characters.
struct Kept {
    Ref object;
    int64_t room = 0;

    // Nobody else has it.
    bool is_free() const { return kRecycle && object && Py_REFCNT(object.get()) == 1; }
    bool is_free(int64_t wanted) const { return is_free() && room >= wanted; }
    PyObject *hand_out() const { return Py_NewRef(object.get()); }
    // Keeps a new object, if it is no one else's; returns it. Null stays null.
    PyObject *keep(PyObject *made, int64_t size) {
        if (kRecycle && made && Py_REFCNT(made) == 1) {
            object.reset(Py_NewRef(made));
            room = size;
        }
        return made;
    }
    // Takes over a new object that nobody has been handed yet.
    void hold(PyObject *made, int64_t size) {
        object.reset(made);
        room = size;
    }
};

class LastTwo {
public:
    Kept &older() { return kept_[turn_ ^= 1]; }
    void forget() { kept_[0] = Kept(), kept_[1] = Kept(); }

private:
    Kept kept_[2];
    unsigned turn_ = 0;
};

// What one column hands out.
struct Recycled {
    LastTwo numbers, floats, moments, bytes, ascii, latin, basic;

    void forget() {
        for (LastTwo *each : {&numbers, &floats, &moments, &bytes, &ascii, &latin, &basic}) each->forget();
    }
};

PyObject *recycled_int(int64_t value, Recycled &recycled);
PyObject *recycled_float(double value, Recycled &recycled);
PyObject *recycled_complex(double real, double imaginary, Recycled &recycled);
PyObject *recycled_datetime(int64_t microseconds, Recycled &recycled);  // naive, fold 0
PyObject *recycled_time(int64_t microseconds, Recycled &recycled);
// Changes a date that nobody else has; false if somebody has it, or the day is out of range.
bool change_date(PyObject *date, int64_t days);

// Longer values are not kept: they may never be wanted again.
constexpr int64_t kLongestKept = 256;
// Values up to this length are copied with as many bytes as that, if they lie where so many can be read: a copy of
// known length needs no branches.
constexpr int64_t kBlock = 32;
// Room for the values that are going to take turns in one object: made only once somebody drops what he is handed.
constexpr int64_t kRoomy = kBlock + 15;
// `readable` bytes, n or more, may be read from p on.
PyObject *recycled_bytes(const char *p, int64_t n, int64_t readable, Recycled &recycled);
// UTF-8 -> str.
PyObject *recycled_text(const char *p, int64_t n, int64_t readable, Recycled &recycled);

}  // namespace kernel
