// accelerator._native: the loops over single values that no kept library offers.
// Each part lives in a file of its own and adds its names to the module here.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_hash(nb::module_ &m);     // hash.cpp: partition hash of a value or an array
void bind_rows(nb::module_ &m);     // rows.cpp: Arrow arrays -> Python rows
void bind_builder(nb::module_ &m);  // builder.cpp: Python values -> Arrow arrays
void bind_csv(nb::module_ &m);      // csv.cpp: bytes -> fields
void bind_parse(nb::module_ &m);    // parse.cpp: text -> typed values
void bind_value_text(nb::module_ &m);  // value_text.cpp: values -> text
void bind_csv_lines(nb::module_ &m);   // csv_lines.cpp: rows -> lines of a CSV file
void bind_contains(nb::module_ &m);    // contains.cpp: which values have a text in them
void bind_row_lines(nb::module_ &m);   // row_lines.cpp: rows -> lines for people and programs
void bind_json_lines(nb::module_ &m);  // json_lines.cpp: lines of JSON objects -> columns
void bind_row_digest(nb::module_ &m);  // row_digest.cpp: hashes of whole rows
void bind_infer(nb::module_ &m);    // infer.cpp: what kinds of values texts are
void bind_gather(nb::module_ &m);   // gather.cpp: rows picked from several arrays
void bind_row_order(nb::module_ &m);   // row_order.cpp: in which order rows are sorted
void bind_writeback(nb::module_ &m);   // writeback.cpp: what was written on its way to the disk

NB_MODULE(_native, m) {
    m.doc() = "The compiled kernel of the Accelerator: rows, builders, partition hash, CSV and parsing.";
    bind_hash(m);
    bind_rows(m);
    bind_builder(m);
    bind_csv(m);
    bind_parse(m);
    bind_value_text(m);
    bind_csv_lines(m);
    bind_contains(m);
    bind_row_lines(m);
    bind_json_lines(m);
    bind_row_digest(m);
    bind_infer(m);
    bind_gather(m);
    bind_row_order(m);
    bind_writeback(m);
}
