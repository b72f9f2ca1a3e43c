"""How members are trained, how many, and where."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from replication.settings.sections import Activation, Bound, Depth, Positive, Section, Sizes

Algorithm = Literal["gradient_descent", "momentum", "adam", "minibatch_gradient_descent", "minibatch_adam"]
Parametrisation = Literal["ntk", "standard", "mup"]
Schedule = Literal["constant", "cosine"]
Members = Annotated[int, Field(ge=8, le=10**6)]  # below, a bootstrap over members means little


class Training(Section):
    """How members are trained; the number of steps is the same for every task, and at infinite width.

    `algorithm` is full-batch gradient descent, the same with `momentum`, Adam on all points, or gradient descent or
    Adam on batches of `batch_size` points. Adam's step is `adam_learning_rate` / sqrt(width). With the `schedule`
    "cosine" the learning rate falls to zero along half a period. `parametrisation` decides how fast each layer learns:
    "ntk" all alike, "standard" each by its fan-in, "mup" with a read-out divided by sqrt(width) and a learning rate
    multiplied by the width, so that features are learnt at any width. Infinite width knows gradient descent in the NTK
    parametrisation alone.
    """

    steps: Positive = 500
    algorithm: Algorithm = "gradient_descent"
    schedule: Schedule = "constant"
    parametrisation: Parametrisation = "ntk"
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    batch_size: Positive = 32
    adam_learning_rate: Bound = 0.05

    @property
    def in_batches(self) -> bool:
        """Whether a step sees a batch of the training points, if there are more of them than that."""
        return self.algorithm.startswith("minibatch")

    @property
    def adaptive(self) -> bool:
        """Whether it is Adam, whose step is not bounded by the kernel's largest eigenvalue."""
        return self.algorithm.endswith("adam")


class FiniteWidth(Section):
    """Widths, training sizes and the number of members of every ensemble."""

    widths: Sizes
    training_sizes: Sizes
    members: Members


class TrainingVariations(Section):
    """Ensembles of one width that differ from the profile's in one property; its own value is added."""

    width: Positive
    training_sizes: Sizes
    members: Members
    algorithm: tuple[Algorithm, ...]
    parametrisation: tuple[Parametrisation, ...]
    activation: tuple[Activation, ...]
    depth: tuple[Depth, ...]


class Execution(Section):
    """Where members are trained; no result depends on it beyond rounding, so no stage is rerun when it changes.

    `device` is "auto" (every GPU there is, else the processors), "cpu", "gpu", or one GPU, as in "gpu:0". `scheduler`
    is the address of a Dask scheduler whose workers train, as in "tcp://head:8786", or null for this machine.
    """

    device: Annotated[str, StringConstraints(pattern=r"^(auto|cpu|gpu(:\d+)?)$")] = "auto"
    tensor_float_32: bool = False
    scheduler: Annotated[str, StringConstraints(pattern=r"^(tcp|tls)://.+:\d+$")] | None = None
