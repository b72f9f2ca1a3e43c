"""The first-order part of c from sampled kernels: exact for one hidden layer, an estimate for more."""

import numpy as np
import pytest

from replication.finite_width.converged import linearised_losses
from replication.perturbation.corrections import finite_width_correction
from replication.perturbation.sampled_kernels import first_order_by_sampling
from tests.perturbation.problems import ERF, NETWORKS, centred, gaussian_data


@pytest.mark.parametrize("name", NETWORKS)
def test_for_one_hidden_layer_they_agree_with_the_sum_over_neurons_at_any_width(name):
    data = gaussian_data()
    settings = {"most_neurons": 3200, "precision": 1e-3, "infinite_test_set": False}
    expected = finite_width_correction(NETWORKS[name], *data, (4, 8), **settings)
    sampled = first_order_by_sampling(NETWORKS[name], *data, (4, 8), widths=(4, 32), networks=800)
    for row in sampled.itertuples():
        exact = expected[expected["training_size"] == row.training_size].iloc[0]
        assert np.isclose(row.mean, exact["mean"])
        assert np.isclose(row.coefficient_of_variation, exact["coefficient_of_variation"])
        error = np.hypot(row.c_first_order_error, exact["c_first_order_error"])
        assert abs(row.c_first_order - exact["c_first_order"]) < 4 * error


def test_without_the_initial_function_they_give_c_of_deeper_networks(rng):
    """g = 0 and two hidden layers: the first order is all of c."""
    spec, data = ERF.model_copy(update={"depth": 2}), gaussian_data()
    sampled = first_order_by_sampling(centred(spec), *data, (8,), widths=(128,), networks=300)
    losses = linearised_losses(spec, *data, (8,), 128, 500, rng).losses.at(0.0)[0]
    c = 128 * losses.var(ddof=1) / sampled["mean"][0] ** 2
    assert np.isclose(c, sampled["c_first_order"][0], rtol=0.35)
