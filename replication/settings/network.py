"""The network that a profile describes."""

from typing import Annotated, Literal

from pydantic import Field

from replication.settings.sections import Activation, BiasVariance, Depth, Section, WeightVariance

MATCHED = "matched"
OutputScale = Annotated[float, Field(ge=1e-6, le=1e6)] | Literal["matched"]


class MLP(Section):
    """The multilayer perceptron, the same at every width.

    z^l = sqrt(weight_variance / fan_in) W^l h^(l-1) + sqrt(bias_variance) b^l with W, b ~ N(0, 1): the NTK
    parametrisation, `depth` hidden layers, C_W = weight_variance and C_b = bias_variance of arXiv 2503.05938. At
    C_W = 2 and C_b = 0 a ReLU network is critical. The outputs are g = `output_scale` times the last z; "matched" is
    the g at which their standard deviation at initialisation is that of the targets. `centred` networks have their
    outputs at initialisation subtracted, so that they start from zero.
    """

    depth: Depth = 3
    activation: Activation = "relu"
    weight_variance: WeightVariance = 2.0
    bias_variance: BiasVariance = 0.0
    output_scale: OutputScale = 1.0
    centred: bool = False

    @property
    def unscaled(self) -> "MLP":
        """The same network with g = 1 and its initial function left in."""
        return self.model_copy(update={"output_scale": 1.0, "centred": False})


class ReLUNetworks(Section):
    """Sections with ReLU networks of their own."""

    depth: Depth
    weight_variance: WeightVariance
    bias_variance: BiasVariance

    @property
    def spec(self) -> MLP:
        """These networks, of any width."""
        return MLP(
            depth=self.depth, activation="relu", weight_variance=self.weight_variance, bias_variance=self.bias_variance
        )
