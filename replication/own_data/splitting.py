"""Training points and test points of a user's own data."""

import numpy as np

from replication.datasets.arrays import Split
from replication.errors import ReplicationError
from replication.seeds import generator

STREAM = "own data"  # of the random numbers that choose test points and training sets


def split(inputs: np.ndarray, targets: np.ndarray, test_points: int, seed: int) -> Split:
    """The first `test_points` of a seeded permutation as test points, the rest as training points, all unscaled."""
    order = generator(seed, STREAM).permutation(len(inputs))
    test, training = order[:test_points], order[test_points:]
    return Split(inputs[training], targets[training], inputs[test], targets[test])


def split_sizes(points: int, test_points: int, asked: str) -> tuple[int, list[int]]:
    """Number of test points, a fifth and at most 1000 where 0 is asked for, and the training sizes, in rising order.

    `asked` is such as "64,128"; where it is empty sizes double up to half of what is no test point, as draws of more
    hardly differ. ReplicationError for what leaves too few points, and for sizes that are no numbers or too large.
    """
    test_points = test_points or min(points // 5, 1000)
    pool = points - test_points
    if test_points < 2 or pool < 4:
        raise ReplicationError(f"{points} points leave {pool} beside {test_points} test points", "give more points")
    if not asked:
        powers = [2**i for i in range(1, 13) if 2**i <= pool / 2]
        return test_points, [size for size in powers if size >= 16] or powers[-1:]
    try:
        sizes = sorted({int(size) for size in asked.split(",")})
    except ValueError:
        raise ReplicationError(f"--training-sizes {asked!r} are no numbers", "write them as 64,128,256") from None
    if sizes[0] < 1:
        raise ReplicationError(f"--training-sizes {asked!r} hold {sizes[0]}", "give sizes of at least 1")
    if sizes[-1] > pool:
        problem = f"a training set of {sizes[-1]} out of {points} points, of which {test_points} are test points"
        raise ReplicationError(problem, f"ask for at most {pool}, or lower --test-points")
    return test_points, sizes
