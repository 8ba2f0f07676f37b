"""Lines and fields of text: what ``csvimport`` reads and ``csvexport`` writes."""

from accelerator._native import CsvSplitter, csv_lines, split_fields

__all__ = ["CsvSplitter", "csv_lines", "split_fields"]
