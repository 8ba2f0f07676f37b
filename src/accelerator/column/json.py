"""JSON text as columns: what ``jsonl_import`` reads."""

from accelerator._native import JsonLines

__all__ = ["JsonLines"]
