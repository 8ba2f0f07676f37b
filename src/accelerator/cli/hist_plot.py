"""A histogram as a picture: SVG by ourselves, PNG by matplotlib."""

import re
from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

from accelerator.cli import render
from accelerator.error import UserError
from accelerator.storage.atomic import write_bytes

__all__ = ["check_plot_file", "save_plot"]

_ROW = 22
_TOP = 48
_BAR = 480
_CHARACTER = 7.5  # width of most, at most, in the font size below
_LONGEST = 40  # characters of a label
_COLOUR = "#3b76af"
# What XML cannot hold, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Rows = Sequence[tuple[str, int]]


def check_plot_file(path: Path) -> None:
    """Refuse a file that :func:`save_plot` could not write, before anything has been counted.

    Args:
        path: of the file.

    Raises:
        UserError: the name says no known format, the directory does not exist, or matplotlib is missing.
    """
    kind = path.suffix.lower()
    if kind not in {".svg", ".png"}:
        raise UserError(f"--plot {path}: the name must end in .svg or .png")
    if not path.parent.is_dir():
        raise UserError(f"--plot {path}: there is no directory {path.parent}")
    if kind == ".png":
        try:
            import_module("matplotlib")
        except ImportError:
            raise UserError("PNG needs matplotlib: pip install matplotlib, or write .svg") from None


def save_plot(path: Path, rows: Rows, title: str) -> None:
    """Write a picture of a histogram.

    Args:
        path: of the file; ``.svg`` or ``.png``.
        rows: names of values or bins, and how many there are.
        title: what stands above.
    """
    labels = [_shortened(label) for label, _ in rows]
    counts = [count for _, count in rows]
    data = _png(labels, counts, title) if path.suffix.lower() == ".png" else _svg(labels, counts, title).encode()
    write_bytes(path, data, durable=False)


def _shortened(label: str) -> str:
    label = _IMPOSSIBLE.sub("\ufffd", label.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t"))
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _svg(labels: Sequence[str], counts: Sequence[int], title: str) -> str:
    left = 24 + round(_CHARACTER * max(map(len, labels), default=0))
    numbers = [render.count(count) for count in counts]
    width = max(left + _BAR + 24 + round(_CHARACTER * max(map(len, numbers), default=0)), 240)
    height = _TOP + _ROW * len(labels) + 16
    scale = _BAR / (max(counts, default=0) or 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        ' font-family="system-ui, sans-serif" font-size="13" fill="#222">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600">{escape(_shortened(title))}</text>',
    ]
    for row, (label, count, number) in enumerate(zip(labels, counts, numbers, strict=True)):
        y = _TOP + _ROW * row
        length = count * scale
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" xml:space="preserve">{escape(label)}</text>',
            f'<rect x="{left}" y="{y + 3}" width="{length:.1f}" height="{_ROW - 6}" fill="{_COLOUR}"/>',
            f'<text x="{left + length + 6:.1f}" y="{y + 15}" fill="#555">{number}</text>',
        ]
    parts.append(f'<line x1="{left}" x2="{left}" y1="{_TOP - 2}" y2="{height - 14}" stroke="#888"/>')
    return "\n".join([*parts, "</svg>", ""])


def _png(labels: Sequence[str], counts: Sequence[int], title: str) -> bytes:
    # Not pyplot: that would look for a screen.
    figure = import_module("matplotlib.figure").Figure(
        figsize=(9, 1 + 0.28 * max(len(labels), 1)), layout="constrained"
    )
    axes = figure.add_subplot()
    bars = axes.barh(range(len(labels)), counts, color=_COLOUR)
    axes.bar_label(bars, [render.count(count) for count in counts], padding=3)
    # A dollar sign would begin a formula.
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_title(_shortened(title), parse_math=False)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    data = BytesIO()
    figure.savefig(data, format="png", dpi=120)
    return data.getvalue()
