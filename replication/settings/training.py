"""How members are trained, how many, and where."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from replication.settings.network import OutputScale
from replication.settings.sections import Activation, Bound, Depth, Positive, Section, Share, Sizes

Algorithm = Literal[
    "gradient_descent", "momentum", "heavy_ball", "adam", "minibatch_gradient_descent", "minibatch_adam", "convergence"
]
LINEAR = ("gradient_descent", "momentum", "heavy_ball")  # in the gradient, on all points
Parametrisation = Literal["ntk", "standard", "mup"]
Schedule = Literal["constant", "cosine"]
Members = Annotated[int, Field(ge=8, le=10**6)]  # below, a bootstrap over members means little


Momenta = float | Callable[[int], float]


def heavy_ball(step: int) -> float:
    """beta_k = k / (k + 6) after k steps: Nesterov's growing momentum, which no condition number enters."""
    return step / (step + 6)


class Training(Section):
    """How members are trained; the number of steps is the same for every task, and at infinite width.

    `algorithm` is full-batch gradient descent, the same with `momentum`, the heavy ball whose momentum k / (k + 6)
    grows with the steps k done, Adam on all points, or gradient descent or Adam on batches of `batch_size` points.
    "convergence" is gradient descent that never ends, in closed form, which linearised networks alone know. With
    `training_loss_ratio` the number of steps is that at which the mean training loss of infinite width has fallen to
    this share of its converged test loss, for every training size its own and at most `steps`. Adam's step is
    `adam_learning_rate` / sqrt(width). With the `schedule` "cosine" the learning rate falls to zero along half a
    period. `parametrisation` decides how fast each layer learns: "ntk" all alike, "standard" each by its fan-in, "mup"
    with a read-out divided by sqrt(width) and a learning rate multiplied by the width, so that features are learnt at
    any width. Infinite width knows descent on all points, with or without momentum, in the NTK parametrisation alone.
    """

    steps: Positive = 500
    algorithm: Algorithm = "gradient_descent"
    schedule: Schedule = "constant"
    parametrisation: Parametrisation = "ntk"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    batch_size: Positive = 32
    adam_learning_rate: Bound = 0.05
    training_loss_ratio: Share | None = None

    @property
    def momenta(self) -> Momenta:
        """beta of every step of v <- beta v + gradient, w <- w - eta v: a number, or of the steps done."""
        if self.algorithm == "heavy_ball":
            return heavy_ball
        return self.momentum if self.algorithm == "momentum" else 0.0

    @property
    def is_linear(self) -> bool:
        """Whether k steps are a fixed linear map of the first residuals in a linear model: eta and beta known."""
        return self.algorithm in LINEAR and self.schedule == "constant"

    @property
    def in_batches(self) -> bool:
        """Whether a step sees a batch of the training points, if there are more of them than that."""
        return self.algorithm.startswith("minibatch")

    @property
    def adaptive(self) -> bool:
        """Whether it is Adam, whose step is not bounded by the kernel's largest eigenvalue."""
        return self.algorithm.endswith("adam")


class FiniteWidth(Section):
    """Widths and training sizes of the ensembles; `members` of every width, in the order of `widths`.

    The same members are linearised as well on up to `largest_linearised` training points: the kernel of a linearised
    network with C outputs on N points has (C N)^2 entries, which costs more than training it.
    """

    widths: Sizes
    training_sizes: Sizes
    members: tuple[Members, ...]
    largest_linearised: Positive = 10**7

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) unless there are as many numbers of members as widths."""
        if len(self.members) != len(self.widths):
            yield "members", f"{len(self.members)} numbers for {len(self.widths)} widths; give one for each width"


class TrainingVariations(Section):
    """Ensembles of one width that differ from the profile's in one property; its own value is added.

    `steps`: of those for which infinite width cannot say how many reach the ratio that `training` asks for.
    """

    width: Positive
    training_sizes: Sizes
    members: Members
    steps: Positive
    algorithm: tuple[Algorithm, ...]
    parametrisation: tuple[Parametrisation, ...]
    activation: tuple[Activation, ...]
    depth: tuple[Depth, ...]


class WidthExpansion(Section):
    """Networks with one hidden layer at order 1/n, at several output scales, beside the ensembles of `finite_width`.

    `precision`: of c, the Monte Carlo over neurons, relative, which takes at most so many `neurons`.
    """

    output_scales: Annotated[tuple[OutputScale, ...], Field(min_length=1)]
    precision: Share
    neurons: Positive = 20_000


class Execution(Section):
    """Where members are trained; no result depends on it beyond rounding, so no stage is rerun when it changes.

    `device` is "auto" (every GPU there is, else the processors), "cpu", "gpu", or one GPU, as in "gpu:0". `scheduler`
    is the address of a Dask scheduler whose workers train, as in "tcp://head:8786", or null for this machine.
    """

    device: Annotated[str, StringConstraints(pattern=r"^(auto|cpu|gpu(:\d+)?)$")] = "auto"
    tensor_float_32: bool = False
    scheduler: Annotated[str, StringConstraints(pattern=r"^(tcp|tls)://.+:\d+$")] | None = None
