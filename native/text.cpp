// UTF-8 -> str.
#include "recycle.h"

#include <algorithm>
#include <cstring>

namespace kernel {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;
constexpr int64_t kShortText = 64;

template <class T> uint64_t load(const void *p) {
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

// A str with room for `length` characters and of that length, the older one of two or a new one.
PyObject *room_for(LastTwo *two, Py_ssize_t length, Py_UCS4 largest) {
    if (!two || length > kLongestKept) return PyUnicode_New(length, largest);
    Kept &kept = two->older();
    PyObject *made = kept.object.get();
    bool usable = kept.is_free(length) && !PyUnicode_CHECK_INTERNED(made);  // which counts no reference
    if (usable && largest > 127) usable = !reinterpret_cast<PyCompactUnicodeObject *>(made)->utf8;
#if PY_VERSION_HEX < 0x030C0000
    if (usable) usable = !reinterpret_cast<PyASCIIObject *>(made)->wstr;
#endif
    if (!usable) return kept.keep(PyUnicode_New(length, largest), length);
    auto *head = reinterpret_cast<PyASCIIObject *>(made);
    head->length = length;
    head->hash = -1;
    if (largest > 255) PyUnicode_2BYTE_DATA(made)[length] = 0;
    else PyUnicode_1BYTE_DATA(made)[length] = 0;
    return kept.hand_out();
}

// Short text that is not ASCII, if it is in the basic plane. Null without an error for all else, which is the codec's.
// Characters of one and of two bytes take turns as they like, so which one comes is no branch.
PyObject *decode_short(const char *p, int64_t n, Recycled *recycled) {
    unsigned char bytes[kShortText + 8];
    std::memcpy(bytes, p, static_cast<size_t>(n));
    std::memset(bytes + n, 0, 8);
    Py_UCS2 text[kShortText];
    Py_UCS2 *to = text;
    unsigned seen = 0, bad = 0;
    for (const unsigned char *at = bytes, *end = bytes + n; at < end;) {
        const unsigned c = at[0], next = at[1];
        if (c >= 0xE0) {
            const unsigned last = at[2], wide = (c & 0x0F) << 12 | (next & 0x3F) << 6 | (last & 0x3F);
            if (c >= 0xF0 || (next & 0xC0) != 0x80 || (last & 0xC0) != 0x80) return nullptr;
            if (wide < 0x800 || (wide & 0xF800) == 0xD800) return nullptr;
            seen |= wide;
            *to++ = static_cast<Py_UCS2>(wide);
            at += 3;
            continue;
        }
        const unsigned two = c >= 0x80, mask = 0u - two;
        bad |= two & ((c < 0xC2) | ((next & 0xC0) != 0x80));
        const unsigned value = (c & ~mask) | (((c & 0x1F) << 6 | (next & 0x3F)) & mask);
        seen |= value;
        *to++ = static_cast<Py_UCS2>(value);
        at += 1 + two;
    }
    if (bad) return nullptr;
    const Py_ssize_t length = to - text;
    if (seen < 0x100) {
        PyObject *made = room_for(recycled ? &recycled->latin : nullptr, length, 0xFF);
        if (made) std::copy(text, to, PyUnicode_1BYTE_DATA(made));
        return made;
    }
    PyObject *made = room_for(recycled ? &recycled->basic : nullptr, length, 0xFFFF);
    if (made) std::copy(text, to, PyUnicode_2BYTE_DATA(made));
    return made;
}

PyObject *text_from(const char *p, int64_t n, Recycled *recycled) {
    if (n > 1 && all_ascii(p, n)) [[likely]] {  // shorter ones are shared by the interpreter
        PyObject *text = room_for(recycled ? &recycled->ascii : nullptr, n, 127);
        if (text) std::memcpy(PyUnicode_1BYTE_DATA(text), p, static_cast<size_t>(n));
        return text;
    }
    if (n > 3 && n <= kShortText) {  // more than one character, for the same reason
        if (PyObject *text = decode_short(p, n, recycled); text || PyErr_Occurred()) return text;
    }
    return PyUnicode_DecodeUTF8(p, n, nullptr);
}

}  // namespace

PyObject *make_text(const char *p, int64_t n) { return text_from(p, n, nullptr); }

PyObject *recycled_text(const char *p, int64_t n, Recycled &recycled) { return text_from(p, n, &recycled); }

}  // namespace kernel
