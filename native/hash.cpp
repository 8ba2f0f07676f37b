#include <nanobind/nanobind.h>

void bind_hash(nanobind::module_ &) {}
