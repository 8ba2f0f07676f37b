"""Write the reference of what users import, from its docstrings: ``write_reference.py DIRECTORY`` makes HTML pages."""

import importlib
import sys
from pathlib import Path

import pdoc

MODULES = ("accelerator", *(f"accelerator.{name}" for name in (
    "blob", "colour", "column", "dataset", "dsutil", "error", "extras", "job", "subjobs", "testing",
)))  # fmt: skip


def main(directory: Path) -> None:
    """Write one page for each public module, and an index, into the directory."""
    for name in MODULES:
        module = importlib.import_module(name)
        # Some names are only imported when somebody asks for them; pdoc looks for what is there.
        vars(module).update({public: getattr(module, public) for public in module.__all__})
    pdoc.render.configure(docformat="google", show_source=False)
    pdoc.pdoc(*MODULES, output_directory=directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
