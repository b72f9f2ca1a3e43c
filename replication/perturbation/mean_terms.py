"""The terms of b: the correction of order 1/n of mu_L, one value for each neuron and term.

2 N_T mu_L(n) = M + (1/n) sum of the means of these terms, as polynomials of the output scale g: those that hold the
initial function twice take g^2, those of the targets g^0. Averages over the read-out weights v of a neuron, Gaussian in
C dimensions, and over the initial function F are taken in closed form (the latter up to the probes).
"""

from collections.abc import Callable

import numpy as np

from replication.perturbation.response import Response, dot


def mean_terms(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """(name, power of g): values (m,) of the m neurons."""
    limit, outputs = response.limit, response.limit.outputs
    p, r, bases = response.p, response.r, response.bases
    ranks = range(len(p))
    single, double = outputs, outputs * (outputs + 2)  # E |v|^2, E |v|^4
    trace_e, trace_g = response.traces

    # -2 <P h, D h> of the neuron's own function h = v phi
    shared = single * sum(dot(p[0], p[k]) * dot(r[k], bases[0]) for k in ranks) + double * dot(p[0], response.own[0])

    # |D F|^2
    noise = single * sum(dot(p[k], p[j]) * dot(r[k], response.spread_r[j]) for k in ranks for j in ranks)
    noise += 2 * single * sum(dot(p[k], response.spread[k]) for k in ranks)
    noise += double * dot(response.f, response.f) / response.f.shape[2]

    # 2 <P F, Q F>
    drift = single * sum(dot(r[k], bases[j]) * dot(r[j], response.reached[k]) for k in ranks for j in ranks)
    drift -= single * (trace_e + trace_g)
    drift += single * sum(dot(r[k], response.reach_inner[k]) + dot(response.seen[k], response.own[k]) for k in ranks)
    drift += double * np.einsum("amj,aj->m", response.ff, response.probes.left) / response.f.shape[2]

    learnt = targets_noise(response, lambda at_test: at_test, p)
    y = (limit.y, response.y_inner, response.y_outer)
    missed = second_order(response, limit.delta, response.back[..., :outputs], *y)
    return {
        ("shared_neurons", 2): -2 * shared,
        ("initial_noise", 2): noise,
        ("initial_drift", 2): 2 * drift,
        ("target_noise", 0): learnt,
        ("target_drift", 0): -2 * missed,
    }


def targets_noise(
    response: Response, metric: Callable[[np.ndarray], np.ndarray], weighted: list[np.ndarray]
) -> np.ndarray:
    """E_v <D Y, S D Y>, (m,), with S applied by `metric` and weighted[k] = S p_k."""
    y, ranks = response.limit.y, range(len(response.p))
    along = [response.r[k].T @ y for k in ranks]  # r_k' Y, (m, C)
    total = sum(dot(weighted[k], response.p[j]) * np.sum(along[k] * along[j], axis=1) for k in ranks for j in ranks)
    for k in ranks:
        total = total + 2 * np.einsum("am,amo,mo->m", weighted[k], response.y_outer, along[k], optimize=True)
    flat = response.y_outer.reshape(len(response.y_outer), -1)
    moved = metric(flat).reshape(response.y_outer.shape)
    return total + (response.limit.outputs + 2) * dot(response.y_outer, moved)


def second_order(
    response: Response,
    error: np.ndarray,
    back: np.ndarray,
    column: np.ndarray,
    inner: np.ndarray,
    outer: np.ndarray,
) -> np.ndarray:
    """E_v <E, Q U>, (m,), for errors E (N_T, C) and columns U (N, C).

    back: D_g' E (N, m, C); inner, outer: g Theta^-1 U and D_g U, (N or N_T, m, C).
    """
    p, r, bases = response.p, response.r, response.bases
    ranks = range(len(p))
    along = [r[k].T @ column for k in ranks]  # r_k' U, (m, C)
    across = [p[k].T @ error for k in ranks]  # p_k' E
    total = -np.einsum("ao,amo->m", error, outer)
    for k in ranks:
        for j in ranks:
            total += dot(r[k], bases[j]) * np.sum(across[k] * along[j], axis=1)
        total -= np.sum(across[k] * along[k], axis=1)
        total += np.einsum("am,amo,mo->m", r[k], inner, across[k], optimize=True)
        total += np.sum((response.own[k].T @ error) * along[k], axis=1)
    return total + (response.limit.outputs + 2) * dot(back, inner)
