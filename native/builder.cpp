#include <nanobind/nanobind.h>

void bind_builder(nanobind::module_ &) {}
