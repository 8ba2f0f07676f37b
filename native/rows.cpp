#include <nanobind/nanobind.h>

void bind_rows(nanobind::module_ &) {}
