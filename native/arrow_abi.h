// The Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html): the two structs, and
// their way in and out of Python as PyCapsules. The kernel links against no Arrow library.
#pragma once

#include "spare.h"

#include <nanobind/nanobind.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
}
#endif

namespace arrow_abi __attribute__((visibility("hidden"))) {

namespace nb = nanobind;

// A growing block of memory that becomes an Arrow buffer without a copy. Unlike std::vector it leaves new bytes
// unset, which is what an append-only buffer wants.
class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    Buffer(Buffer &&o) noexcept
        : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)),
          capacity_(std::exchange(o.capacity_, 0)) {}
    Buffer &operator=(Buffer &&o) noexcept {
        std::swap(data_, o.data_);
        std::swap(size_, o.size_);
        std::swap(capacity_, o.capacity_);
        return *this;
    }
    ~Buffer() { Spare::free(data_, capacity_); }

    uint8_t *data() { return data_; }
    const uint8_t *data() const { return data_; }
    size_t size() const { return size_; }
    void clear() { size_ = 0; }

    // Makes room for `more` bytes after the present end.
    void reserve(size_t more) {
        if (size_ + more > capacity_) grow(size_ + more);
    }
    void resize(size_t size) {
        if (size > capacity_) grow(size);
        size_ = size;
    }
    void resize_zero(size_t size) {
        const size_t old = size_;
        resize(size);
        if (size > old) std::memset(data_ + old, 0, size - old);
    }
    // Counts n bytes in that were written after the end, where reserve() made room.
    void advance(size_t n) { size_ += n; }
    void append(const void *src, size_t n) {
        reserve(n);
        if (n) std::memcpy(data_ + size_, src, n);
        size_ += n;
    }
    void append_byte(uint8_t b) {
        reserve(1);
        data_[size_++] = b;
    }
    template <class T> void append_value(T value) { append(&value, sizeof(T)); }
    template <class T> T *as() { return reinterpret_cast<T *>(data_); }
    template <class T> const T *as() const { return reinterpret_cast<const T *>(data_); }

private:
    void grow(size_t need) {
        size_t capacity = capacity_ * 2 > need ? capacity_ * 2 : need;
        capacity = (capacity + 127) & ~size_t(63);  // Arrow likes multiples of 64 with room to read past the end
        if (capacity >= Spare::LARGE) {
            const auto [spare, size] = Spare::take(capacity);
            if (spare) {
                if (size_) std::memcpy(spare, data_, size_);
                Spare::free(data_, capacity_);
                data_ = static_cast<uint8_t *>(spare);
                capacity_ = size;
                return;
            }
        }
        void *p = std::realloc(data_, capacity);
        if (!p) throw std::bad_alloc();
        data_ = static_cast<uint8_t *>(p);
        capacity_ = capacity;
    }
    uint8_t *data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

// Everything an exported array owns; freed by its release callback.
struct OwnedArray {
    std::vector<Buffer> buffers;
    std::vector<const void *> pointers;
    std::vector<ArrowArray *> children;
};

inline void release_array(ArrowArray *array) {
    auto *owned = static_cast<OwnedArray *>(array->private_data);
    for (ArrowArray *child : owned->children) {
        if (child->release) child->release(child);
        delete child;
    }
    delete owned;
    array->release = nullptr;
}

// A column under construction: layout, buffers in Arrow's order, children. The strings are literals.
struct Column {
    const char *format = nullptr;
    const char *name = "";
    const char *metadata = nullptr;  // in the encoding of the interface; static too
    int64_t length = 0;
    int64_t null_count = 0;
    std::vector<Buffer> buffers;      // [0] is the validity bitmap; empty when nothing is null
    std::vector<Column> children;
    bool nullable = true;
};

inline void to_array(Column &&column, ArrowArray *out) {
    static const uint64_t nothing[8] = {};  // a legal address for buffers of no bytes
    auto owned = std::make_unique<OwnedArray>();
    owned->buffers = std::move(column.buffers);
    owned->pointers.resize(owned->buffers.size());
    for (size_t i = 0; i < owned->buffers.size(); i++) {
        const Buffer &b = owned->buffers[i];
        if (i == 0 && column.null_count == 0) owned->pointers[i] = nullptr;
        else owned->pointers[i] = b.data() ? static_cast<const void *>(b.data()) : nothing;
    }
    for (Column &child : column.children) {
        auto *c = new ArrowArray;
        owned->children.push_back(c);
        c->release = nullptr;
        to_array(std::move(child), c);
    }
    out->length = column.length;
    out->null_count = column.null_count;
    out->offset = 0;
    out->n_buffers = static_cast<int64_t>(owned->pointers.size());
    out->n_children = static_cast<int64_t>(owned->children.size());
    out->buffers = owned->pointers.data();
    out->children = owned->children.data();
    out->dictionary = nullptr;
    out->release = release_array;
    out->private_data = owned.release();
}

struct OwnedSchema {
    std::vector<ArrowSchema *> children;
};

inline void release_schema(ArrowSchema *schema) {
    auto *owned = static_cast<OwnedSchema *>(schema->private_data);
    for (ArrowSchema *child : owned->children) {
        if (child->release) child->release(child);
        delete child;
    }
    delete owned;
    schema->release = nullptr;
}

inline void to_schema(const Column &column, ArrowSchema *out) {
    auto owned = std::make_unique<OwnedSchema>();
    for (const Column &child : column.children) {
        auto *c = new ArrowSchema;
        c->release = nullptr;
        owned->children.push_back(c);
        to_schema(child, c);
    }
    out->format = column.format;
    out->name = column.name;
    out->metadata = column.metadata;
    out->flags = column.nullable ? ARROW_FLAG_NULLABLE : 0;
    out->n_children = static_cast<int64_t>(owned->children.size());
    out->children = owned->children.data();
    out->dictionary = nullptr;
    out->release = release_schema;
    out->private_data = owned.release();
}

inline nb::object schema_capsule(ArrowSchema *schema) {
    PyObject *capsule = PyCapsule_New(schema, "arrow_schema", [](PyObject *self) {
        auto *s = static_cast<ArrowSchema *>(PyCapsule_GetPointer(self, "arrow_schema"));
        if (s->release) s->release(s);
        delete s;
    });
    if (!capsule) throw nb::python_error();
    return nb::steal(capsule);
}

inline nb::object array_capsule(ArrowArray *array) {
    PyObject *capsule = PyCapsule_New(array, "arrow_array", [](PyObject *self) {
        auto *a = static_cast<ArrowArray *>(PyCapsule_GetPointer(self, "arrow_array"));
        if (a->release) a->release(a);
        delete a;
    });
    if (!capsule) throw nb::python_error();
    return nb::steal(capsule);
}

// An array that came from Python; the capsules keep it alive for as long as this object lives.
class Imported {
public:
    explicit Imported(nb::handle object) {
        nb::object pair = object.attr("__arrow_c_array__")();
        schema_capsule_ = nb::borrow(pair[0]);
        array_capsule_ = nb::borrow(pair[1]);
        schema = static_cast<ArrowSchema *>(PyCapsule_GetPointer(schema_capsule_.ptr(), "arrow_schema"));
        if (!schema) throw nb::python_error();
        array = static_cast<ArrowArray *>(PyCapsule_GetPointer(array_capsule_.ptr(), "arrow_array"));
        if (!array) throw nb::python_error();
    }
    ArrowSchema *schema = nullptr;
    ArrowArray *array = nullptr;

private:
    nb::object schema_capsule_, array_capsule_;
};

}  // namespace arrow_abi
