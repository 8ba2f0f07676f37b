#include <nanobind/nanobind.h>

void bind_csv(nanobind::module_ &) {}
