#include <nanobind/nanobind.h>

void bind_parse(nanobind::module_ &) {}
