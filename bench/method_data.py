"""The text that the standard methods are measured with: 2 million lines of 8 columns, quoted text included, 217 MB."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from random import Random

LABELS = ("id", "when", "user", "country", "amount", "count", "flag", "text")
LINES = 2_000_000
QUICK_LINES = 20_000

_WORDS = tuple(
    "the quick brown fox jumps over a lazy dog while seven wizards quietly box five dozen jugs of liquor "  # noqa: SIM905 - easier to read
    "and the five boxing wizards jump quickly at dawn åäö naïve façade".split()
)


def make_files(directory: Path, *, quick: bool) -> dict[str, Path]:
    """Write the same rows as CSV, as a zip of that, and as JSON lines; return their paths by kind."""
    lines = QUICK_LINES if quick else LINES
    directory.mkdir(parents=True, exist_ok=True)
    paths = {kind: directory / f"{lines}.{kind}" for kind in ("csv", "zip", "jsonl")}
    if not paths["zip"].exists():
        _write(lines, paths)
    return paths


def _write(lines: int, paths: dict[str, Path]) -> None:
    rng = Random(1)
    countries = [f"{a}{b}" for a in "ABCDEFGH" for b in "RSTUV"]
    texts = [_text(rng) for _ in range(50_000)]
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    as_json = [json.dumps(text, ensure_ascii=False) for text in texts]
    with paths["csv"].open("w") as csv, paths["jsonl"].open("w") as jsonl:
        csv.write(",".join(LABELS) + "\n")
        for number in range(lines):
            chance = rng.random()
            seed = int(chance * (1 << 52))
            key = (number * 7_919 + 13) % 10_000_019
            when = f"2024-{seed % 12 + 1:02}-{seed % 28 + 1:02} {seed % 24:02}:{seed % 60:02}:{number % 60:02}"
            user = f"user{seed % 99_991:06}"
            country = countries[seed % 37 * seed % 40]
            amount = f"{(chance - 0.4) * 10_000:.2f}"
            count, flag, text = seed % 1_000, seed >> 20 & 1, (seed >> 10) % len(texts)
            csv.write(f"{key},{when},{user},{country},{amount},{count},{flag},{quoted[text]}\n")
            jsonl.write(
                f'{{"id": {key}, "when": "{when}", "user": "{user}", "country": "{country}", "amount": {amount}, '
                f'"count": {count}, "flag": {"true" if flag else "false"}, "text": {as_json[text]}}}\n'
            )
    with zipfile.ZipFile(paths["zip"], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.write(paths["csv"], "rows.csv")


def _text(rng: Random) -> str:
    words = rng.choices(_WORDS, k=rng.randrange(4, 15))
    if rng.random() < 0.3:
        words[0] = f'"{words[0]}"'
    return (", " if rng.random() < 0.5 else " ").join(words)
