// Pickles of plain values (None, bool, int, float, str, bytes, and tuples, lists, dicts and sets of them) -> objects,
// without the machinery that pickle.loads sets up for each call. All others are left to pickle.loads.
#include "types.h"

#include <bit>
#include <cstring>

namespace kernel {

namespace {

// Codes of the pickle protocols 2 to 5 (https://docs.python.org/3/library/pickletools.html).
enum Code : uint8_t {
    kProto = 0x80, kFrame = 0x95, kStop = '.', kMark = '(',
    kMemoize = 0x94, kPut = 'q', kGet = 'h',
    kNone = 'N', kTrue = 0x88, kFalse = 0x89,
    kInt = 'J', kInt1 = 'K', kInt2 = 'M', kLong1 = 0x8a, kFloat = 'G',
    kText1 = 0x8c, kText4 = 'X', kBytes1 = 'C', kBytes4 = 'B',
    kTuple0 = ')', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87, kTuple = 't',
    kList = ']', kAppend = 'a', kAppends = 'e',
    kDict = '}', kSetItem = 's', kSetItems = 'u',
    kSet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91,
};

// Everything it holds is its own; what is not plain, not valid or too large for it makes step() return false.
class PlainPickle {
public:
    PlainPickle(const char *p, int64_t n) : p_(reinterpret_cast<const uint8_t *>(p)), end_(p_ + n) {}
    PlainPickle(const PlainPickle &) = delete;
    PlainPickle &operator=(const PlainPickle &) = delete;
    ~PlainPickle() {
        while (size_) Py_DECREF(stack_[--size_]);
        while (memo_size_) Py_DECREF(memo_[--memo_size_]);
    }

    PyObject *load() {
        if (!has(2) || p_[0] != kProto || p_[1] < 2 || p_[1] > 5) return nullptr;
        p_ += 2;
        while (has(1) && *p_ != kStop) {
            if (!step(static_cast<Code>(*p_++))) return nullptr;
        }
        return has(1) && size_ == 1 && !marks_ ? stack_[--size_] : nullptr;
    }

private:
    static constexpr size_t kRoom = 128, kDepth = 16;

    bool has(uint64_t n) const { return static_cast<uint64_t>(end_ - p_) >= n; }
    // Items since the last mark.
    size_t above() const { return size_ - (marks_ ? mark_[marks_ - 1] : 0); }
    bool push(PyObject *made) {
        if (made) stack_[size_++] = made;
        return made;
    }
    template <class T> T little() {
        T value;
        std::memcpy(&value, p_, sizeof value);
        p_ += sizeof value;
        return value;
    }

    bool step(Code code) {
        if (size_ == kRoom) return false;
        switch (code) {
        case kFrame: return has(8) && has(little<uint64_t>());
        case kMark:
            if (marks_ == kDepth) return false;
            mark_[marks_++] = size_;
            return true;
        case kMemoize: return remember(memo_size_);
        case kPut: return has(1) && remember(*p_++);
        case kGet: return has(1) && *p_ < memo_size_ && push(Py_NewRef(memo_[*p_++]));
        case kNone: return push(Py_NewRef(Py_None));
        case kTrue: return push(Py_NewRef(Py_True));
        case kFalse: return push(Py_NewRef(Py_False));
        case kInt: return has(4) && push(PyLong_FromLong(little<int32_t>()));
        case kInt1: return has(1) && push(PyLong_FromLong(*p_++));
        case kInt2: return has(2) && push(PyLong_FromLong(little<uint16_t>()));
        case kText1:
        case kBytes1:
        case kLong1: return has(1) && sized(code, *p_++);
        case kText4:
        case kBytes4: return has(4) && sized(code, little<uint32_t>());
        case kFloat: return has(8) && push(PyFloat_FromDouble(big_double()));
        case kTuple0: return tuple(0);
        case kTuple1: return tuple(1);
        case kTuple2: return tuple(2);
        case kTuple3: return tuple(3);
        case kTuple: return marks_ && tuple(close());
        case kList: return push(PyList_New(0));
        case kDict: return push(PyDict_New());
        case kSet: return push(PySet_New(nullptr));
        case kAppend: return extend(1, &PyList_Type);
        case kSetItem: return extend(2, &PyDict_Type);
        case kAppends: return marks_ && extend(close(), &PyList_Type);
        case kSetItems: return marks_ && extend(close(), &PyDict_Type);
        case kAddItems: return marks_ && extend(close(), &PySet_Type);
        case kFrozenSet: return marks_ && tuple(close()) && frozen();
        default: return false;
        }
    }

    // Takes the last mark away; returns how many items came after it.
    size_t close() {
        const size_t n = above();
        marks_--;
        return n;
    }

    bool remember(size_t index) {
        if (!above() || index != memo_size_ || memo_size_ == kRoom) return false;
        memo_[memo_size_++] = Py_NewRef(stack_[size_ - 1]);
        return true;
    }

    bool sized(Code code, uint64_t n) {
        if (!has(n)) return false;
        const auto *from = reinterpret_cast<const char *>(p_);
        p_ += n;
        const auto size = static_cast<Py_ssize_t>(n);
        if (code == kLong1) return push(make_big(from, n));
        if (code == kText1 || code == kText4) return push(PyUnicode_DecodeUTF8(from, size, "surrogatepass"));
        return push(PyBytes_FromStringAndSize(from, size));
    }

    double big_double() {
        uint64_t bits = 0;
        for (int k = 0; k < 8; k++) bits = bits << 8 | *p_++;
        return std::bit_cast<double>(bits);
    }

    // The last n items become a tuple.
    bool tuple(size_t n) {
        if (above() < n) return false;
        PyObject *made = PyTuple_New(static_cast<Py_ssize_t>(n));
        if (!made) return false;
        size_ -= n;
        for (size_t k = 0; k < n; k++) PyTuple_SET_ITEM(made, static_cast<Py_ssize_t>(k), stack_[size_ + k]);
        return push(made);
    }

    bool frozen() {
        PyObject *items = stack_[--size_];
        const Ref held(items);
        return push(PyFrozenSet_New(items));
    }

    // The last n items go into the container before them.
    bool extend(size_t n, PyTypeObject *type) {
        if (above() < n + 1 || !Py_IS_TYPE(stack_[size_ - n - 1], type) || (type == &PyDict_Type && n % 2)) return false;
        PyObject *container = stack_[size_ - n - 1], **items = stack_ + size_ - n;
        for (size_t k = 0; k < n; k++) {
            int failed;
            if (type == &PyDict_Type) failed = PyDict_SetItem(container, items[k], items[k + 1]), k++;
            else failed = type == &PyList_Type ? PyList_Append(container, items[k]) : PySet_Add(container, items[k]);
            if (failed) return false;
        }
        for (; n; n--) Py_DECREF(stack_[--size_]);
        return true;
    }

    const uint8_t *p_, *end_;
    size_t size_ = 0, memo_size_ = 0, marks_ = 0;
    PyObject *stack_[kRoom], *memo_[kRoom];
    size_t mark_[kDepth];
};

}  // namespace

PyObject *plain_unpickled(const char *p, int64_t n) {
    if constexpr (std::endian::native != std::endian::little) return nullptr;
    PyObject *made = PlainPickle(p, n).load();
    if (!made) PyErr_Clear();  // pickle.loads says what is wrong
    return made;
}

}  // namespace kernel
