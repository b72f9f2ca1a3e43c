"""The network that a profile describes."""

from replication.settings.sections import Activation, BiasVariance, Depth, Section, WeightVariance


class MLP(Section):
    """The multilayer perceptron, the same at every width.

    z^l = sqrt(weight_variance / fan_in) W^l h^(l-1) + sqrt(bias_variance) b^l with W, b ~ N(0, 1): the NTK
    parametrisation, `depth` hidden layers, C_W = weight_variance and C_b = bias_variance of arXiv 2503.05938. At
    C_W = 2 and C_b = 0 a ReLU network is critical.
    """

    depth: Depth = 3
    activation: Activation = "relu"
    weight_variance: WeightVariance = 2.0
    bias_variance: BiasVariance = 0.0


class ReLUNetworks(Section):
    """Sections with ReLU networks of their own."""

    depth: Depth
    weight_variance: WeightVariance
    bias_variance: BiasVariance

    @property
    def spec(self) -> MLP:
        """These networks, of any width."""
        variances = {"weight_variance": self.weight_variance, "bias_variance": self.bias_variance}
        return MLP(depth=self.depth, activation="relu", **variances)
