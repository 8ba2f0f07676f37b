// SipHash-2-4 under the Accelerator's fixed key, and the bytes of each type that it is taken over. Data on disk
// depends on this definition: it never changes.
#pragma once

#include "civil.h"
#include "types.h"

#include <cstring>

namespace kernel {

class Sip {
public:
    void word(uint64_t m) {
        v3_ ^= m;
        round();
        round();
        v0_ ^= m;
    }
    uint64_t finish(uint64_t last) {
        word(last);
        v2_ ^= 0xff;
        for (int k = 0; k < 4; k++) round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    static uint64_t rotate(uint64_t x, int b) { return x << b | x >> (64 - b); }
    void round() {
        v0_ += v1_, v1_ = rotate(v1_, 13) ^ v0_, v0_ = rotate(v0_, 32);
        v2_ += v3_, v3_ = rotate(v3_, 16) ^ v2_;
        v0_ += v3_, v3_ = rotate(v3_, 21) ^ v0_;
        v2_ += v1_, v1_ = rotate(v1_, 17) ^ v2_, v2_ = rotate(v2_, 32);
    }
    // The key: 94 70 175 255 152 30 237 97 | 252 125 174 76 165 112 16 9, little endian.
    static constexpr uint64_t k0 = 0x61ed1e98ffaf465e, k1 = 0x091070a54cae7dfc;
    uint64_t v0_ = 0x736f6d6570736575 ^ k0, v1_ = 0x646f72616e646f6d ^ k1;
    uint64_t v2_ = 0x6c7967656e657261 ^ k0, v3_ = 0x7465646279746573 ^ k1;
};

inline uint64_t siphash(const void *data, size_t n) {
    Sip sip;
    const char *p = static_cast<const char *>(data);
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t m;
        std::memcpy(&m, p, 8);
        sip.word(m);
    }
    uint64_t last = 0;
    if (left) std::memcpy(&last, p, left);
    return sip.finish(last | static_cast<uint64_t>(n) << 56);
}

inline uint64_t hash_word(uint64_t m) {
    Sip sip;
    sip.word(m);
    return sip.finish(uint64_t{8} << 56);
}

inline uint64_t hash_int(int64_t v) { return v ? hash_word(static_cast<uint64_t>(v)) : 0; }

constexpr uint64_t kNanBits = 0x7ff8000000000000;

inline uint64_t double_bits(double d) {
    if (d != d) return kNanBits;
    uint64_t bits;
    std::memcpy(&bits, &d, 8);
    return bits;
}

inline uint64_t hash_double(double d) {
    if (d >= -0x1p63 && d < 0x1p63) {
        const int64_t v = static_cast<int64_t>(d);
        if (static_cast<double>(v) == d) return hash_int(v);
    }
    return hash_word(double_bits(d));
}

inline uint64_t hash_complex(double re, double im) {
    if (im == 0) return hash_double(re);
    Sip sip;
    sip.word(double_bits(re == 0 ? 0.0 : re));
    sip.word(double_bits(im));
    return sip.finish(uint64_t{16} << 56);
}

inline uint64_t hash_bytes(const void *p, int64_t n) { return n ? siphash(p, static_cast<size_t>(n)) : 0; }

inline uint64_t hash_date(int64_t days) {
    const Civil c = civil_from_days(days);
    const uint32_t packed = static_cast<uint32_t>(c.year) << 9 | c.month << 5 | c.day;
    Sip sip;
    return sip.finish(packed | uint64_t{4} << 56);
}

inline uint64_t hash_datetime(int64_t microseconds) {
    const Civil c = civil_from_days(floor_days(microseconds));
    const uint64_t rest = static_cast<uint64_t>(microseconds_of_day(microseconds));
    const uint32_t seconds = static_cast<uint32_t>(rest / 1'000'000);
    const uint32_t high = static_cast<uint32_t>(c.year) << 14 | c.month << 10 | c.day << 5 | seconds / 3600;
    const uint32_t low = (seconds / 60 % 60) << 26 | (seconds % 60) << 20 | static_cast<uint32_t>(rest % 1'000'000);
    return hash_word(high | static_cast<uint64_t>(low) << 32);
}

// Hash of a cell of a type that has one (has_hash); text must be encoded (see encode_text).
inline uint64_t hash_cell(Type type, const Cell &cell) {
    switch (cell.tag) {
    case Tag::None: return 0;
    case Tag::Int:
        if (type == Type::Bool) return static_cast<uint64_t>(cell.i);
        if (type == Type::Date) return hash_date(cell.i);
        if (type == Type::DateTime || type == Type::Time) return hash_datetime(cell.i);
        return hash_int(cell.i);
    case Tag::Float: return hash_double(cell.d);
    case Tag::Complex: return hash_complex(cell.d, cell.im);
    case Tag::Big: return siphash(cell.p, static_cast<size_t>(cell.n));
    case Tag::View: return hash_bytes(cell.p, cell.n);
    case Tag::Text: break;
    }
    return 0;
}

// Turns a cell of tag Text into one of tag View, which owns its bytes.
inline bool encode_text(Cell &cell) {
    if (cell.tag != Tag::Text) return true;
    PyObject *encoded = PyUnicode_AsUTF8String(cell.text());
    if (!encoded) return false;
    Py_XDECREF(cell.owned);
    cell.owned = encoded;
    cell.set_view(PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded));
    return true;
}

}  // namespace kernel
