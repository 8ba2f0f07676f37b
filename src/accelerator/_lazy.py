"""The heavy modules (they import pyarrow and its like, or the engine), imported when first used: ``_lazy.reader.…``.

This is the only place, besides the command table of ``ax`` and the exports of the package, where imports wait.
"""

import importlib
from types import ModuleType

_MODULES = {
    "birth": "accelerator.engine.birth",
    "catalogue": "accelerator.engine.catalogue",
    "database": "accelerator.urd.database",
    "derive": "accelerator.dataset.derive",
    "discover": "accelerator.method.discover",
    "evaluator": "accelerator.cli.grep.evaluator",
    "index": "accelerator.engine.index",
    "infer": "accelerator.column.infer",
    "interop": "accelerator.dataset.interop",
    "iterate": "accelerator.dataset.iterate",
    "origin": "accelerator.dataset.origin",
    "project": "accelerator.project",
    "rehearsal": "accelerator.dataset.rehearsal",
    "run_preview": "accelerator.cli.run_preview",
    "show": "accelerator.dataset.show",
    "sql": "accelerator.dataset.sql",
    "verify": "accelerator.dataset.verify",
    "writer": "accelerator.dataset.writer",
}


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(name)
    module = importlib.import_module(_MODULES[name])
    globals()[name] = module  # found directly from now on
    return module
