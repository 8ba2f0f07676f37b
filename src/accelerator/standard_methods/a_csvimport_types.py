"""Finds types for the columns of text files, for csvimport."""

# mypy: allow-untyped-defs, no-check-untyped-defs
from accelerator.standard_methods import a_csvimport
from accelerator.standard_methods.csv_plan import plan_file
from accelerator.standard_methods.csv_types import SliceTypes

version = 1

description = """Find the types that all values of columns of text files have. A helper of csvimport.

The result is {column: type}, for the columns whose type csvimport was asked to infer; over several files the types
that fit all of them.
"""

# The options of csvimport.
options = dict(a_csvimport.options)


def prepare(job, options):
    return [plan_file(*file, options, {}) for file in a_csvimport.plain_files(job, options)]


def analysis(sliceno, slices, options, prepare_res):
    found = SliceTypes(options)
    for plan in prepare_res:
        found.read(plan, sliceno, slices)
    return found


def synthesis(analysis_res):
    first, *others = analysis_res
    for other in others:
        first.merge(other)
    return first.result()
