"""How members are trained, as programs say it."""

from typing import cast, get_args

from replication.errors import ReplicationError
from replication.settings.training import LINEAR, Algorithm, Parametrisation, Training
from replication.validation.numbers import check_count, check_share


def training_of(
    steps: int, algorithm: str, parametrisation: str, momentum: float, batch_size: int, ratio: float | None = None
) -> Training:
    """How members are trained, at a constant learning rate; ReplicationError for values that are out of range."""
    for name, value, kinds in (
        ("algorithm", algorithm, get_args(Algorithm)),
        ("parametrisation", parametrisation, get_args(Parametrisation)),
    ):
        if value not in kinds:
            raise ReplicationError(f"no {name} {value!r}", f"choose one of {', '.join(kinds)}")
    if ratio is not None and (algorithm not in LINEAR or parametrisation != "ntk"):
        problem = f"steps by a ratio of losses, with {algorithm} in {parametrisation} parametrisation"
        raise ReplicationError(problem, "give steps alone, or take gradient_descent, momentum or heavy_ball in ntk")
    return Training(
        steps=1 if algorithm == "convergence" else check_count("steps", steps),
        training_loss_ratio=None if ratio is None else check_share("training_loss_ratio", ratio),
        algorithm=cast(Algorithm, algorithm),
        parametrisation=cast(Parametrisation, parametrisation),
        momentum=check_share("momentum", momentum) if momentum else 0.0,
        batch_size=check_count("batch_size", batch_size),
    )
