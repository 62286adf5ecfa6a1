"""Windows over a text longer than an encoder's input."""


def windows(length: int, width: int) -> list[tuple[int, int, int, int]]:
    """Return overlapping windows over a text too long for the encoder.

    Args:
        length: pieces of the text. width: pieces a window holds.

    Returns:
        (start, end, first, last) of each window: it reads pieces start to end, and those from first
        to last are taken from it. Windows overlap by half of their width, or more at the end; of
        two windows that read a piece, it is taken from the one whose ends are further from it.
    """
    starts = [*range(0, max(length - width, 0), max(width // 2, 1)), max(length - width, 0)]
    ends = [min(start + width, length) for start in starts]
    cuts = [0, *((a + b) // 2 for a, b in zip(starts[1:], ends[:-1], strict=True)), length]
    return list(zip(starts, ends, cuts[:-1], cuts[1:], strict=True))
