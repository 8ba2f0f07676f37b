// UTF-8 -> str.
#include "recycle.h"

#include <algorithm>
#include <cstring>

namespace kernel {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;
constexpr int64_t kShortText = 64;

template <class T> T load(const void *p) {
    T word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

// Loads that overlap instead of loops over the last bytes: most text is short.
bool all_ascii(const char *p, int64_t n) {
    uint64_t any = 0;
    if (n >= 8) {
        for (int64_t k = 0; k < n - 8; k += 8) any |= load<uint64_t>(p + k);
        any |= load<uint64_t>(p + n - 8);
    } else if (n >= 4) {
        any = load<uint32_t>(p) | load<uint32_t>(p + n - 4);
    } else if (n >= 2) {
        any = load<uint16_t>(p) | load<uint16_t>(p + n - 2);
    } else if (n) {
        any = static_cast<unsigned char>(*p);
    }
    return !(any & kHighBits);
}

// The same of at most kBlock bytes where kBlock can be read: what follows the text is masked, so nothing depends on n.
bool block_is_ascii(const char *p, int64_t n) {
    struct Mask {
        unsigned char bytes[2 * kBlock] = {};
        constexpr Mask() {
            for (int64_t k = 0; k < kBlock; k++) bytes[k] = 0x80;
        }
    };
    static constexpr Mask mask;
    const unsigned char *high = mask.bytes + kBlock - n;
    uint64_t any = 0;
    for (int64_t k = 0; k < kBlock; k += 8) any |= load<uint64_t>(p + k) & load<uint64_t>(high + k);
    return !any;
}

// Whether a str may become another one of the same kind: nobody has it, and nothing hangs on it.
bool can_change(const Kept &kept, Py_UCS4 largest) {
    PyObject *text = kept.object.get();
    if (!kept.is_free() || PyUnicode_CHECK_INTERNED(text)) return false;  // being interned counts no reference
    if (largest > 127 && reinterpret_cast<PyCompactUnicodeObject *>(text)->utf8) return false;
#if PY_VERSION_HEX < 0x030C0000
    if (reinterpret_cast<PyASCIIObject *>(text)->wstr) return false;
#endif
    return true;
}

// A str of `length` characters still to be filled in: the one that is kept, or a new one.
PyObject *room_for(Kept *kept, Py_ssize_t length, Py_UCS4 largest) {
    if (!kept || length > kLongestKept) return PyUnicode_New(length, largest);
    if (!can_change(*kept, largest)) return kept->keep(PyUnicode_New(length, largest), length);
    if (kept->room < length) {
        PyObject *roomy = PyUnicode_New(std::max<Py_ssize_t>(length, kRoomy), largest);
        if (!roomy) return nullptr;
        kept->hold(roomy, std::max<int64_t>(length, kRoomy));
    }
    auto *head = reinterpret_cast<PyASCIIObject *>(kept->object.get());
    head->length = length;
    head->hash = -1;
    if (largest > 255) PyUnicode_2BYTE_DATA(kept->object.get())[length] = 0;
    else PyUnicode_1BYTE_DATA(kept->object.get())[length] = 0;
    return kept->hand_out();
}

// Eight characters at once; comparisons give a mask of ones. GCC and Clang know this on every machine.
typedef uint16_t Lanes __attribute__((vector_size(16)));
constexpr int kLanes = 8;

// Text in the basic plane, as UTF-16.
struct Short {
    Py_UCS2 text[kShortText + kLanes];
    Py_ssize_t length;
    unsigned seen;  // the bits of all characters
};

// Decodes at most kShortText bytes. False if that is not UTF-8, or beyond the basic plane.
// Where a character ends is known only when it has been looked at, and loops that wait for that are slow. So each byte
// is taken for the first one of a character, all in the same way; then those that are not are left out.
bool decode_short(const char *p, int64_t n, Short &out) {
    // As 16 bits each, with zeros before and after: neighbours that can be looked at.
    constexpr int kBefore = 2;
    uint16_t wide[kBefore + kShortText + 2 * kLanes];
    unsigned char bytes[kShortText + 2 * kLanes] = {};
    std::memcpy(bytes, p, static_cast<size_t>(n));
    wide[0] = wide[1] = 0;
    const int64_t end = (n / kLanes + 1) * kLanes;  // at least one byte beyond: it shows whether the last one ends
    for (int64_t k = 0; k < end + kLanes; k++) wide[kBefore + k] = bytes[k];
    Lanes bad = {}, seen = {};
    Py_UCS2 *to = out.text;
    for (int64_t start = 0; start < end; start += kLanes) {
        const uint16_t *at = wide + kBefore + start;
        const Lanes a = load<Lanes>(at), b = load<Lanes>(at + 1), c = load<Lanes>(at + 2);
        const Lanes before = load<Lanes>(at - 1), before2 = load<Lanes>(at - 2);
        const Lanes multi = static_cast<Lanes>(a >= 0xC0), three = static_cast<Lanes>(a >= 0xE0), two = multi & ~three;
        const Lanes goes_on = static_cast<Lanes>((a & 0xC0) == 0x80);
        const Lanes must_go_on = static_cast<Lanes>(before >= 0xC0) | static_cast<Lanes>(before2 >= 0xE0);
        const Lanes pair = (a & 0x1F) << 6 | (b & 0x3F);
        const Lanes triple = (a & 0x0F) << 12 | (b & 0x3F) << 6 | (c & 0x3F);
        const Lanes value = (a & ~multi) | (pair & two) | (triple & three);
        bad |= (goes_on ^ must_go_on) | static_cast<Lanes>(a >= 0xF0) | (two & static_cast<Lanes>(a < 0xC2)) |
               (three & (static_cast<Lanes>(triple < 0x800) | static_cast<Lanes>((triple & 0xF800) == 0xD800)));
        seen |= value & ~goes_on;
        for (int k = 0; k < kLanes; k++) {
            *to = value[k];
            to += (goes_on[k] & 1) ^ 1;
        }
    }
    unsigned any_bad = 0;
    out.seen = 0;
    for (int k = 0; k < kLanes; k++) any_bad |= bad[k], out.seen |= seen[k];
    out.length = to - out.text - (end - n);
    return !any_bad;
}

// Short text that is not ASCII, if it is in the basic plane. Null without an error for all else, which is the codec's.
PyObject *short_text(const char *p, int64_t n, Recycled *recycled) {
    Short found;
    if (!decode_short(p, n, found)) return nullptr;
    if (found.seen < 0x100) {
        Kept *kept = recycled ? &recycled->latin.older() : nullptr;
        PyObject *made = room_for(kept, found.length, 0xFF);
        if (made) std::copy(found.text, found.text + found.length, PyUnicode_1BYTE_DATA(made));
        return made;
    }
    Kept *kept = recycled ? &recycled->basic.older() : nullptr;
    PyObject *made = room_for(kept, found.length, 0xFFFF);
    if (made) std::copy(found.text, found.text + found.length, PyUnicode_2BYTE_DATA(made));
    return made;
}

PyObject *text_from(const char *p, int64_t n, Recycled *recycled) {
    if (n > 1 && all_ascii(p, n)) [[likely]] {  // shorter ones are shared by the interpreter
        PyObject *text = room_for(recycled ? &recycled->ascii.older() : nullptr, n, 127);
        if (text) std::memcpy(PyUnicode_1BYTE_DATA(text), p, static_cast<size_t>(n));
        return text;
    }
    if (n > 3 && n <= kShortText) {  // more than one character, for the same reason
        if (PyObject *text = short_text(p, n, recycled); text || PyErr_Occurred()) return text;
    }
    return PyUnicode_DecodeUTF8(p, n, nullptr);
}

}  // namespace

PyObject *make_text(const char *p, int64_t n) { return text_from(p, n, nullptr); }

PyObject *recycled_text(const char *p, int64_t n, int64_t readable, Recycled &recycled) {
    if (n <= 1 || n > kBlock || readable < kBlock) return text_from(p, n, &recycled);
    if (!block_is_ascii(p, n)) [[unlikely]] {
        PyObject *text = n > 3 ? short_text(p, n, &recycled) : nullptr;
        return text || PyErr_Occurred() ? text : PyUnicode_DecodeUTF8(p, n, nullptr);
    }
    Kept &kept = recycled.ascii.older();
    PyObject *text = room_for(&kept, n, 127);
    if (!text) return nullptr;
    if (text == kept.object.get() && kept.room >= kBlock) {
        std::memcpy(PyUnicode_1BYTE_DATA(text), p, kBlock);
        PyUnicode_1BYTE_DATA(text)[n] = 0;
    } else {
        std::memcpy(PyUnicode_1BYTE_DATA(text), p, static_cast<size_t>(n));
    }
    return text;
}

}  // namespace kernel
