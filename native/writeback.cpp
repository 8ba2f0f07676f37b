// Telling the system to begin with what an fsync would otherwise wait for.
#include <nanobind/nanobind.h>

#if defined(__linux__)
#include <fcntl.h>
#endif

namespace nb = nanobind;

void bind_writeback(nb::module_ &m) {
    m.def(
        "start_writeback",
        [](int file) {
#if defined(__linux__)
            // Only to be quicker: where it cannot be done, the fsync does it all.
            [[maybe_unused]] const int failed = sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
            (void)file;
#endif
        },
        nb::call_guard<nb::gil_scoped_release>(), nb::arg("file"));
}
