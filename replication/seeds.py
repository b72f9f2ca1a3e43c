"""Independent random streams, each named by what it is for."""

import hashlib

import numpy as np


def generator(seed: int, *name: str | int) -> np.random.Generator:
    """Random generator of the stream called `name` under the profile's `seed`.

    The stream depends on the seed and its name alone: not on the order in which streams are opened, nor on how
    many others exist. Names are hashed (SHA-256), so ("member", 1) and ("member", 11) are unrelated.
    """
    digest = hashlib.sha256("\x1f".join(map(str, (seed, *name))).encode()).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(int.from_bytes(digest, "big"))))
