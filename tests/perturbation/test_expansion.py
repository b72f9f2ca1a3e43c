"""The operators of the expansion, and every term of b and c, against slow and independent evaluations."""

import itertools

import numpy as np
import pytest

from replication.perturbation.influences import Influences
from replication.perturbation.mean_terms import mean_terms
from replication.perturbation.neurons import Neurons, Probes, roots
from replication.perturbation.response import Response
from replication.perturbation.variance_terms import first_order, kurtosis, variance_terms
from tests.perturbation.problems import ERF, NETWORKS, RELU, gaussian_data, limit_of


def one_neuron(limit, neurons, place, v):
    """The neuron's deviation a of the kernel with all its blocks, (N C, N C) and (N_T C, N C), and its function h."""
    phi, slope, test_phi, test_slope = (array[:, place] for array in neurons)
    theta, bias = limit.inputs.training.ntk, limit.spec.bias_variance
    cross = limit.inputs.cross.ntk
    readout = np.outer(phi, phi) - theta + bias, np.outer(test_phi, phi) - cross + bias
    hidden = limit.inputs.first * np.outer(slope, slope), limit.inputs.first_cross * np.outer(test_slope, slope)
    blocks = [np.kron(e, np.eye(len(v))) + np.kron(g, np.outer(v, v)) for e, g in zip(readout, hidden, strict=True)]
    return *blocks, np.kron(phi, v), np.kron(test_phi, v)


@pytest.mark.parametrize("spec", NETWORKS.values(), ids=NETWORKS)
def test_d_and_q_are_the_first_and_second_derivative_of_the_transfer(spec, rng):
    """T(Theta + t a) = T + t D - t^2 Q + O(t^3), by finite differences in t."""
    limit = limit_of(spec, gaussian_data())
    outputs, neurons = limit.outputs, Neurons.draw(limit, 2, rng)
    a, test_a, _, _ = one_neuron(limit, neurons, 1, rng.standard_normal(outputs))
    theta, cross = (np.kron(k, np.eye(outputs)) for k in (limit.inputs.training.ntk, limit.inputs.cross.ntk))

    def transfer(t):
        return np.linalg.solve(theta + t * a, (cross + t * test_a).T).T

    inverse = np.linalg.inv(theta)
    d = (test_a - transfer(0) @ a) @ inverse
    q = d @ a @ inverse
    step = 1e-4
    first = (transfer(step) - transfer(-step)) / (2 * step)
    second = (transfer(step) + transfer(-step) - 2 * transfer(0)) / step**2
    np.testing.assert_allclose(first, d, rtol=1e-6, atol=1e-6 * np.abs(d).max())
    np.testing.assert_allclose(second, -2 * q, rtol=1e-4, atol=1e-5 * np.abs(q).max())


def brute_force(limit, neurons, place, draws):
    """The terms of the derivation as they stand in its text, by averages over explicit v; F in closed form.

    Block matrices of all outputs, nothing of the structure of a neuron used.
    """
    eye = np.eye(limit.outputs)
    k, b, sigma = (np.kron(m, eye) for m in (limit.inputs.training.nngp, limit.reach, limit.covariance))
    inverse, t = np.kron(limit.inverse, eye), np.kron(limit.transfer, eye)
    y, delta = limit.y.ravel(), limit.delta.ravel()
    found = []
    for v in draws:
        a, test_a, h, test_h = one_neuron(limit, neurons, place, v)
        d = (test_a - t @ a) @ inverse
        q = d @ a @ inverse
        ph, dh, dy, qy = test_h - t @ h, d @ h, d @ y, q @ y
        db, dk = d @ b, d @ k
        bias = limit.left(np.ones(len(limit.delta)), np.ones(len(limit.y)))
        own = sigma - limit.spec.bias_variance * np.kron(np.outer(bias, bias), eye)
        error = delta @ d  # D' delta
        found.append(
            {
                ("b", "shared_neurons", 2): -2 * ph @ dh,
                ("b", "initial_noise", 2): np.vdot(dk, d),
                ("b", "initial_drift", 2): 2 * np.trace(q @ b),
                ("b", "target_noise", 0): dy @ dy,
                ("b", "target_drift", 0): -2 * delta @ qy,
                ("c", "kurtosis", 4): (ph @ ph) ** 2 - np.trace(own) ** 2 - 2 * np.vdot(own, own),
                ("c", "shared_neurons", 4): -4 * ((ph @ ph) * np.trace(db) + 2 * ph @ db @ ph + 2 * ph @ sigma @ dh),
                ("c", "shared_neurons", 2): 4 * ((ph @ ph) * (delta @ dy)) - 8 * (ph @ delta) * (delta @ dh - ph @ dy),
                ("c", "kernel", 4): 4 * np.trace(db) ** 2,
                ("c", "kernel", 2): -8 * np.trace(db) * (delta @ dy),
                ("c", "kernel", 0): 4 * (delta @ dy) ** 2,
                ("c", "kernel_scatter", 4): 4 * (np.trace(db @ db) + np.vdot(sigma @ d, dk)),
                ("c", "kernel_scatter", 2): 4 * (dy @ sigma @ dy + error @ k @ error - 2 * error @ b @ dy),
                ("c", "second_order_kernel", 4): 4 * np.vdot(db, db) + 8 * np.trace(sigma @ q @ b),
                ("c", "second_order_kernel", 2): -8 * (dy @ db @ delta + delta @ sigma @ qy - delta @ q @ b @ delta),
            }
        )
    return {key: np.mean([one[key] for one in found]) for key in found[0]}


def designs(outputs):
    """Vectors v whose averages of polynomials of degree four are those of a standard normal vector.

    Gauss-Hermite nodes in each dimension, repeated by their weights: sqrt(3) with 1/6, 0 with 2/3, -sqrt(3) with 1/6.
    """
    nodes = [np.sqrt(3), 0, 0, 0, 0, -np.sqrt(3)]
    return [np.array(v) for v in itertools.product(nodes, repeat=outputs)]


@pytest.mark.parametrize("spec", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("outputs", [1, 2])
def test_every_term_is_that_of_the_derivation(spec, outputs, rng):
    """For each neuron: read-out weights averaged in closed form and by quadrature, F by probes and by matrices."""
    limit = limit_of(spec, gaussian_data(points=5, tests=7, outputs=outputs))
    neurons = Neurons.draw(limit, 3, rng)
    response = Response(limit, neurons, Probes.draw(*roots(limit), 8, rng))
    terms = {("b", *key): value for key, value in mean_terms(response).items()}
    terms |= {("c", *key): value for key, value in variance_terms(response).items()}
    for place in range(3):
        expected = brute_force(limit, neurons, place, designs(outputs))
        assert terms.keys() == expected.keys()
        for key, value in terms.items():
            if key[1] != "kurtosis":  # which a control variate changes neuron by neuron
                np.testing.assert_allclose(value[place], expected[key], rtol=1e-9, atol=1e-9, err_msg=str(key))


@pytest.mark.parametrize("spec", NETWORKS.values(), ids=NETWORKS)
def test_probes_fewer_than_a_basis_are_unbiased(spec, rng):
    limit = limit_of(spec, gaussian_data())
    neurons = Neurons.draw(limit, 4, rng)

    def totals(probes):
        response = Response(limit, neurons, probes)
        return np.array([v for terms in (mean_terms, variance_terms) for v in terms(response).values()])

    exact = totals(Probes.draw(*roots(limit), 8, rng))
    drawn = np.array([totals(Probes.draw(*roots(limit), 3, rng)) for _ in range(150)])
    error = drawn.std(axis=0) / np.sqrt(150)
    assert np.all(np.abs(drawn.mean(axis=0) - exact) < 4.5 * error + 1e-10 * np.abs(exact))
    assert np.any(error > 1e-6)


@pytest.mark.parametrize("spec", NETWORKS.values(), ids=NETWORKS)
def test_control_variates_have_the_means_that_they_are_credited_with(spec, rng):
    limit = limit_of(spec, gaussian_data())
    influences = Influences(limit)
    values = influences(Neurons.draw(limit, 100_000, rng))
    assert np.all(np.abs(values.mean(axis=0) - influences.means) < 4 * values.std(axis=0) / np.sqrt(len(values)))
    neurons = Neurons.draw(limit, 5, rng)
    response = Response(limit, neurons, Probes.draw(*roots(limit), 8, rng))
    np.testing.assert_allclose(influences(neurons)[:, 1:3].T, response.traces, rtol=1e-9)


def test_the_kurtosis_is_right_on_average(rng):
    limit, place = limit_of(ERF, gaussian_data(points=5, tests=7)), np.arange(400)
    neurons = Neurons.draw(limit, 20_000, rng)
    p = limit.left(neurons.test_features, neurons.features)
    square = np.einsum("am,am->m", p, p)
    covariance = p @ p.T / len(square)
    expected = 15 * np.mean(square**2) - (3 * np.trace(covariance)) ** 2 - 6 * np.vdot(covariance, covariance)
    few = Neurons(*(array[:, place] for array in neurons))
    batches = [kurtosis(Response(limit, few, Probes.draw(*roots(limit), 8, rng))).mean()]
    for start in range(400, 20_000, 400):
        few = Neurons(*(array[:, place + start] for array in neurons))
        batches.append(kurtosis(Response(limit, few, Probes.draw(*roots(limit), 8, rng))).mean())
    assert np.isclose(np.mean(batches), expected, rtol=0.03)


@pytest.mark.parametrize("spec", [RELU, ERF], ids=["relu", "erf"])
def test_without_the_initial_function_the_first_order_is_all_of_c(spec, rng):
    limit = limit_of(spec, gaussian_data())
    response = Response(limit, Neurons.draw(limit, 5, rng), Probes.draw(*roots(limit), 8, rng))
    complete = sum(value for (_, power), value in variance_terms(response).items() if power == 0)
    np.testing.assert_allclose(complete, first_order(response)["first_order", 0], rtol=1e-12)
