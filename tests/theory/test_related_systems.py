"""What other accounts of scaling laws claim, on small networks and kernels (docs/related_systems.md)."""

import numpy as np
import pandas as pd
import pytest

import replication as rep


def teacher(x):
    return np.sin(x[:, 0] + x[:, 1] / 2)


def test_a_slope_over_groups_is_the_slope_of_no_group(rng):
    """Simpson's paradox: both curves fall; pooled, the loss seems to rise. Laws are fitted curve by curve."""
    x, x_test = rng.normal(size=(200, 4)), rng.normal(size=(100, 4))
    tables = []
    for task, scale, sizes in (("small", 0.1, [8, 16, 32]), ("large", 10.0, [64, 128, 200])):
        targets = scale * teacher(x), scale * teacher(x_test)
        curve = rep.learning_curve(rep.MLP(depth=1), x, targets[0], x_test, targets[1], training_sizes=sizes, draws=3)
        tables.append(curve.assign(task=task))
    pooled = pd.concat(tables, ignore_index=True)
    of_descent = pooled[pooled["method"] == "gradient_descent"]
    assert np.polyfit(np.log(of_descent["training_size"]), np.log(of_descent["mean"]), 1)[0] > 1
    laws = rep.fit(pooled).query("statistic == 'mean' and parameter == 'exponent' and law == 'power_law'")
    assert set(laws["task"]) == {"small", "large"}
    assert (laws["estimate"] > 0).all()
    for table in tables:
        alone = rep.fit(table).query("statistic == 'mean' and parameter == 'exponent' and law == 'power_law'")
        of_task = laws[laws["task"] == table["task"].iloc[0]]
        np.testing.assert_allclose(of_task["estimate"], alone["estimate"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*left the lazy regime")
def test_networks_that_learn_features_agree_the_wider_the_more(rng):
    """Vyas et al., arXiv 2305.18411: in muP, early in training, losses do not depend on width or initialisation.

    Their scatter falls with the width; in the parametrisation of the tangent kernel it stays.
    """
    x, x_test = rng.normal(size=(32, 5)), rng.normal(size=(100, 5))
    data = x, teacher(x), x_test, teacher(x_test)
    eps = {}
    for parametrisation in ("mup", "ntk"):
        table = rep.train_ensemble(
            rep.MLP(depth=2), *data, training_sizes=[32], width=[32, 128, 512], members=16, steps=10,
            parametrisation=parametrisation,
        )  # fmt: skip
        eps[parametrisation] = table.set_index("width")["coefficient_of_variation"]
    assert eps["mup"][512] < 0.5 * eps["mup"][32]
    assert eps["mup"][512] < 0.3 * eps["ntk"][512]
    assert eps["ntk"][512] > 0.5 * eps["ntk"][32]
