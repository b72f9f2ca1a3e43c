"""Stage: ensembles of one width that are trained, parametrised or built otherwise, one property at a time."""

from collections.abc import Iterator
from typing import NamedTuple

from replication.settings import MLPSpec, Training, TrainingVariations


class Variant(NamedTuple):
    """What is varied, its value, and the network and training that follow."""

    varied: str
    value: str
    network: MLPSpec
    training: Training


def variants(network: MLPSpec, training: Training, variations: TrainingVariations) -> Iterator[Variant]:
    """Every value of every property, the profile's own among them."""
    for varied, base in (
        ("algorithm", training),
        ("parametrisation", training),
        ("activation", network),
        ("depth", network),
    ):
        for value in dict.fromkeys((getattr(base, varied), *getattr(variations, varied))):
            changed = base.model_copy(update={varied: value})
            pair = (network, changed) if base is training else (changed, training)
            yield Variant(varied, str(value), *pair)
