"""Heavy modules (they import pyarrow and its like, or the engine) and those that few need, imported when first used.

They are attributes here: ``_lazy.writer.…``.

This is the only place, besides the command table of ``ax`` and the exports of the package, where imports wait.
"""

import gc
import importlib
from types import ModuleType

_MODULES = {
    "archive": "accelerator.method.archive",
    "birth": "accelerator.engine.birth",
    "catalogue": "accelerator.engine.catalogue",
    "current_job": "accelerator.job.current",
    "database": "accelerator.urd.database",
    "derive": "accelerator.dataset.derive",
    "difflib": "difflib",
    "discover": "accelerator.method.discover",
    "engine": "accelerator.engine.build",
    "entry": "accelerator.urd.entry",
    "evaluator": "accelerator.cli.grep.evaluator",
    "grep_scan": "accelerator.cli.grep.scan",
    "grep_search": "accelerator.cli.grep.search",
    "hashlib": "hashlib",
    "hist_plot": "accelerator.cli.hist_plot",
    "index": "accelerator.engine.index",
    "infer": "accelerator.column.infer",
    "interop": "accelerator.dataset.interop",
    "iterate": "accelerator.dataset.iterate",
    "job_diff": "accelerator.cli.job_diff",
    "job_follow": "accelerator.cli.job_follow",
    "numpy": "numpy",
    "origin": "accelerator.dataset.origin",
    "parquet": "pyarrow.parquet",
    "project": "accelerator.project",
    "rehearsal": "accelerator.dataset.rehearsal",
    "run_preview": "accelerator.cli.run_preview",
    "show": "accelerator.dataset.show",
    "shutil": "shutil",
    "sql": "accelerator.dataset.sql",
    "subprocess": "subprocess",
    "suggest_types": "accelerator.cli.suggest_types",
    "tomllib": "tomllib",
    "traceback": "traceback",
    "verify": "accelerator.dataset.verify",
    "workdir": "accelerator.job.workdir",
    "writer": "accelerator.dataset.writer",
}


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(name)
    enabled = gc.isenabled()
    gc.disable()  # what a module makes stays: looking for garbage in it, again and again, takes a tenth of the time
    try:
        module = importlib.import_module(_MODULES[name])
    finally:
        if enabled:
            gc.enable()
    globals()[name] = module  # found directly from now on
    return module
