"""The shells in which TAB completes command lines of ``ax``: the script of each, and how it is answered.

The script of a shell runs ``ax`` with the line up to the cursor in ``_AX_LINE`` and gets an answer a line, ``KIND``,
``VALUE`` and perhaps a help text with TABs between. A ``part`` is a value that may go on, behind which no space is
wanted; for a ``dir`` or ``file`` the shell offers its own.

click's own scripts are not enough here: bash divides ``:list:entry`` at the colons, and names may contain spaces.
"""

import os
import re
from contextlib import suppress
from itertools import dropwhile
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem, ShellComplete

from accelerator.cli import aliases, userconfig
from accelerator.cli.commands import COMMANDS
from accelerator.error import AcceleratorError

__all__ = ["SHELLS", "Line", "answer", "command_words", "line_up_to"]

_BASH = """\
_ax_completion() {
    local kind value
    COMPREPLY=()
    while IFS=$'\\t' read -r kind value; do
        case $kind in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            part) COMPREPLY+=("$value"); compopt -o nospace 2>/dev/null ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(_AX_COMPLETE=bash _AX_LINE="${COMP_LINE:0:COMP_POINT}" _AX_WORD="$2" "${1/#\\~/$HOME}" 2>/dev/null)
}

# The bash of macOS is too old to keep an order.
complete -o nosort -F _ax_completion ax 2>/dev/null || complete -F _ax_completion ax
"""

_ZSH = """\
#compdef ax

_ax_completion() {
    local kind value help
    local -a plain part described
    while IFS=$'\\t' read -r kind value help; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files ;;
            part) part+=("$value") ;;
            *)
                if [[ -n $help ]]; then
                    described+=("${${value//\\\\/\\\\\\\\}//:/\\\\:}:$help")
                else
                    plain+=("$value")
                fi ;;
        esac
    done < <(_AX_COMPLETE=zsh _AX_LINE="${(j: :)words[1,CURRENT]}" ${~words[1]} 2>/dev/null)
    (( $#described )) && _describe -V ax described
    (( $#plain )) && compadd -V plain -a plain
    (( $#part )) && compadd -V part -S '' -a part
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _ax_completion "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _ax_completion ax
fi
"""

_FISH = """\
function _ax_completion
    set -l line (commandline -cp)
    for answer in (env _AX_COMPLETE=fish _AX_LINE="$line" ax 2>/dev/null)
        set -l fields (string split -m 1 \\t -- $answer)
        switch $fields[1]
            case dir
                __fish_complete_directories $fields[2]
            case file
                __fish_complete_path $fields[2]
            case '*'
                printf '%s\\n' $fields[2]
        end
    end
end

complete --no-files --keep-order --command ax --arguments "(_ax_completion)"
"""

# The script of each shell.
SHELLS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

_PLAIN_IN_BASH = re.compile(r"[^\w@%+=:,./^-]")
_ESCAPED_IN_DOUBLE_QUOTES = re.compile(r'["\\$`]')
_ASSIGNMENT = re.compile(r"\w+=")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Line(NamedTuple):
    """A command line as far as it has been typed, understood as a shell does.

    Attributes:
        words: those before the last one, without quotes.
        word: the last one, empty behind a space.
        quote: that is open at the end, or an empty text.
    """

    words: tuple[str, ...]
    word: str
    quote: str


def line_up_to(text: str) -> Line:
    """Divide a command line into words; a quote at its end may be open."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(text)
    for character in characters:
        if character == quote:
            quote = ""
        elif quote == "'" or (quote and character != "\\"):
            word = (word or "") + character
        elif character == "\\":
            following = next(characters, "")
            kept = "\\" if quote and not _ESCAPED_IN_DOUBLE_QUOTES.match(following) else ""
            word = (word or "") + kept + following
        elif character in "'\"":
            quote, word = character, word or ""
        elif not character.isspace():
            word = (word or "") + character
        elif word is not None:
            words.append(word)
            word = None
    return Line(tuple(words), word or "", quote)


def answer(command: click.Command, shell: str) -> str:
    """Return what a shell's script is told about the line in the environment.

    Args:
        command: ``ax``.
        shell: a key of :data:`SHELLS`, else nothing is known.
    """
    if shell not in SHELLS:
        return ""
    text = os.environ.get("_AX_LINE", "")
    line = line_up_to(text)
    # Variables may be set before the command: `X=1 ax …`.
    words = list(dropwhile(_ASSIGNMENT.match, line.words))
    try:
        arguments = aliases.expand([*words[1:], ""], userconfig.load(userconfig.location()).aliases)[:-1]
    except AcceleratorError:
        return ""  # nothing is said in the middle of a line
    items = ShellComplete(command, {}, "ax", "").get_completions(arguments, line.word)
    # `--name=va`: click looks at the value only, the shell at the whole word.
    option, equals, _ = line.word.partition("=")
    before = f"{option}=" if equals and option.startswith("-") else ""
    lines = []
    for item in items:
        value = str(item.value)
        if _CONTROL.search(value):
            continue  # a line end cannot be typed
        kind = "part" if item.type == "plain" and value.endswith(("/", ":", "=")) else item.type
        value = before + value
        if kind in {"plain", "part"} and shell == "bash":
            value = _for_bash(value, text)
        lines.append(
            "\t".join([kind, value, *([" ".join(item.help.split())] if item.help and shell != "bash" else [])])
        )
    return "".join(f"{line}\n" for line in lines)


def _for_bash(value: str, text: str) -> str:
    """Return what replaces the end of the line that bash takes for the word, with quotes as they must be there."""
    word = os.environ.get("_AX_WORD", "")
    kept = line_up_to(text.removesuffix(word))
    rest = value.removeprefix(kept.word)
    if kept.quote == "'":
        return rest.replace("'", "'\\''")
    if kept.quote:
        return _ESCAPED_IN_DOUBLE_QUOTES.sub(r"\\\g<0>", rest)
    return _PLAIN_IN_BASH.sub(r"\\\g<0>", rest)


def command_words(typed: str) -> list[CompletionItem[str]]:
    """Return the commands and aliases that begin as what has been typed; click would import all commands for that."""
    offered = {name: entry.summary for name, entry in COMMANDS.items()}
    with suppress(AcceleratorError):  # commands need no configuration
        offered |= {name: f"ax {value}" for name, value in userconfig.load(userconfig.location()).aliases.items()}
    return [CompletionItem(name, help=text) for name, text in sorted(offered.items()) if name.startswith(typed)]
