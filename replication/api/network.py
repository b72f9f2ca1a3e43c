"""The network, as a program describes it."""

from typing import Literal

from pydantic import ValidationError

from replication.errors import ReplicationError
from replication.settings import network as settings
from replication.settings.sections import Activation
from replication.validation.numbers import check_count


class MLP(settings.MLP):
    """The multilayer perceptron in NTK parametrisation (Jacot et al. 2018, arXiv 1806.07572), the same at every width.

    z^1 = sqrt(C_W / d) W^1 x + sqrt(C_b) b^1 and z^l = sqrt(C_W / n) W^l phi(z^(l-1)) + sqrt(C_b) b^l, with `depth`
    hidden layers of n neurons, phi the `activation` "relu" or "erf", and all W, b ~ N(0, 1). C_W = `weight_variance`,
    C_b = `bias_variance`; a ReLU network is critical at 2 and 0. The outputs are g = `output_scale` times the last z;
    "matched" is the g at which their standard deviation at initialisation is that of the targets, found from the
    training points that a function is given. `centred` subtracts the outputs at initialisation. ReplicationError for
    values out of range.

    >>> MLP(depth=2)
    MLP(depth=2, activation='relu', weight_variance=2.0, bias_variance=0.0, output_scale=1.0, centred=False)
    """

    def __init__(
        self,
        depth: int = 3,
        activation: Activation = "relu",
        weight_variance: float = 2.0,
        bias_variance: float = 0.0,
        output_scale: float | Literal["matched"] = 1.0,
        centred: bool = False,
    ) -> None:
        numbers = {"weight_variance": float(weight_variance), "bias_variance": float(bias_variance)}
        scale = output_scale if isinstance(output_scale, str) else float(output_scale)
        try:
            super().__init__(
                depth=check_count("depth", depth), activation=activation, output_scale=scale, centred=centred, **numbers
            )
        except ValidationError as error:
            (first, *_) = error.errors()
            name = str(first["loc"][0])  # without the kind of a choice between kinds
            raise ReplicationError(f"{name} = {first['input']!r}", first["msg"].lower()) from None


def check_network(network: object) -> None:
    """ReplicationError unless it is a description of a network."""
    if not isinstance(network, settings.MLP):
        raise ReplicationError(
            f"a network of type {type(network).__name__}", "describe it, as in replication.MLP(depth=3)"
        )
