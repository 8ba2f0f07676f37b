"""Lines and fields of text: the splitter of ``csvimport``."""

from accelerator._native import CsvSplitter, split_fields

__all__ = ["CsvSplitter", "split_fields"]
