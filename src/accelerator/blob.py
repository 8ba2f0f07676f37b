"""Pickles in jobs: ``blob.save(value, "name")`` in a method, ``blob.load("name", jobid)`` anywhere."""

from accelerator.job.files import save_pickle as save
from accelerator.job.loading import pickle_load as load

__all__ = ["load", "save"]
