"""Small things that methods and build scripts may use."""

from accelerator.job.files import FileWriteMove
from accelerator.job.files import save_json as json_save
from accelerator.job.files import save_pickle as pickle_save
from accelerator.job.loading import job_params, job_post, json_load, pickle_load
from accelerator.job.text import debug_print_options, quote, stackup
from accelerator.method.options import OptionDefault, OptionEnum, OptionEnumValue, OptionString, RequiredOption
from accelerator.storage.dotdict import DotDict
from accelerator.storage.serial import json_decode, json_encode

__all__ = [
    "DotDict",
    "FileWriteMove",
    "OptionDefault",
    "OptionEnum",
    "OptionEnumValue",
    "OptionString",
    "RequiredOption",
    "debug_print_options",
    "job_params",
    "job_post",
    "json_decode",
    "json_encode",
    "json_load",
    "json_save",
    "pickle_load",
    "pickle_save",
    "quote",
    "stackup",
]
