"""Nested training sets: the set of size n is the first n points, so one computation in increasing order serves all."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

Made = TypeVar("Made")


def increments(ascending: Sequence[int]) -> list[slice]:
    """The points that each size adds to the one before it.

    >>> increments((2, 5))
    [slice(0, 2, None), slice(2, 5, None)]
    """
    return [slice(start, stop) for start, stop in zip((0, *ascending[:-1]), ascending, strict=True)]


def in_asked_order(sizes: Sequence[int], made: Iterable[Made]) -> Iterator[Made]:
    """What is made for the different `sizes` in increasing order, in the order in which they are asked for.

    Holds back what is asked for later, which is nothing where the sizes increase.

    >>> list(in_asked_order((9, 2, 5), ["of 2", "of 5", "of 9"]))
    ['of 9', 'of 2', 'of 5']
    """
    ready = zip(sorted(sizes), made, strict=True)
    held: dict[int, Made] = {}
    for size in sizes:
        while size not in held:
            made_size, one = next(ready)
            held[made_size] = one
        yield held.pop(size)
