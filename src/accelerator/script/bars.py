"""Small pictures of how far things are, out of block characters."""

from collections.abc import Sequence

__all__ = ["bars"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDEST = 16


def bars(shares: Sequence[float], widest: int = _WIDEST) -> str:
    """Return a bar for each of several things, as high as it is done.

    Args:
        shares: how much of each is done, 0 to 1.
        widest: how many characters at most; if there are more things, neighbours share one.

    >>> bars([0.0, 0.5, 1.0])
    '▁▄█'
    >>> bars([0.0, 1.0, 0.5, 0.5], widest=2)
    '▄▄'
    """
    count = min(len(shares), widest)
    text = ""
    for number in range(count):
        group = shares[number * len(shares) // count : (number + 1) * len(shares) // count]
        done = sum(group) / len(group)
        # The full block only for what is really done.
        text += _BLOCKS[-1] if done >= 1 else _BLOCKS[int(max(0.0, done) * (len(_BLOCKS) - 1))]
    return text
