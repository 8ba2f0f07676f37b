"""The table of commands: what ``ax`` lists, and where each command lives.

A command's module is imported when that command is asked for, and only then; it holds the command as ``command``.
"""

from typing import NamedTuple

__all__ = ["COMMANDS", "CommandEntry"]


class CommandEntry(NamedTuple):
    """Where a command lives, and its one line in ``ax --help``.

    Attributes:
        module: has the command.
        summary: the line.
        reads_data: it goes through datasets by itself, and runs no code of the user's.
        ends_at_once: nothing it leaves behind has to be taken apart before the process ends.
    """

    module: str
    summary: str
    reads_data: bool = False
    ends_at_once: bool = False


COMMANDS: dict[str, CommandEntry] = {
    "abort": CommandEntry("accelerator.cli.abort", "End running jobs."),
    "accept": CommandEntry("accelerator.cli.accept", "Keep jobs valid after a change of source that changes nothing."),
    "alias": CommandEntry("accelerator.cli.alias", "Show the defined aliases."),
    "bundle": CommandEntry("accelerator.cli.bundle", "Pack jobs with all that they need, or take them in."),
    "completion": CommandEntry("accelerator.cli.completion", "Print shell completion for bash, zsh or fish."),
    "debug": CommandEntry("accelerator.cli.debug", "Run a phase of a job again, in the debugger."),
    "doctor": CommandEntry("accelerator.cli.doctor", "Check the project and its workdirs."),
    "ds": CommandEntry("accelerator.cli.dataset", "Show datasets: columns, lines, chains.", ends_at_once=True),
    "du": CommandEntry("accelerator.cli.du", "Show disk use by method and job."),
    "gc": CommandEntry("accelerator.cli.gc", "Delete jobs that never finished, and those that nothing needs."),
    "grep": CommandEntry(
        "accelerator.cli.grep.command", "Show lines of datasets that match.", reads_data=True, ends_at_once=True
    ),
    "hist": CommandEntry("accelerator.cli.hist", "Show how often values occur.", reads_data=True, ends_at_once=True),
    "init": CommandEntry("accelerator.cli.init", "Create a project."),
    "job": CommandEntry("accelerator.cli.job", "Show jobs: parameters, files, output, source.", ends_at_once=True),
    "method": CommandEntry("accelerator.cli.method", "Show methods and their parameters."),
    "rm": CommandEntry("accelerator.cli.rm", "Delete jobs, after showing what needs them."),
    "run": CommandEntry("accelerator.cli.run", "Run build scripts."),
    "script": CommandEntry("accelerator.cli.script", "Show build scripts."),
    "sherlock": CommandEntry("accelerator.cli.sherlock", "Find the job that a file came from."),
    "sql": CommandEntry("accelerator.cli.sql", "Run SQL on datasets.", reads_data=True),
    "status": CommandEntry("accelerator.cli.status", "Show what is running now."),
    "urd": CommandEntry("accelerator.cli.urd", "Show urd lists and their entries.", ends_at_once=True),
    "version": CommandEntry("accelerator.cli.version", "Show versions."),
    "workdir": CommandEntry("accelerator.cli.workdir", "Show workdirs and their jobs."),
}
