"""The terms of c: the correction of order 1/n of Var[2 N_T L], one value for each neuron and term.

With S = 2 N_T L = S_0 + S_1 + S_2 by powers of the kernel's fluctuation, the terms are those of order 1/n of
Var S_0 + 2 Cov(S_0, S_1) + Var S_1 + 2 Cov(S_0, S_2); as in `mean_terms`, polynomials of the output scale g.
"""

import numpy as np

from replication.perturbation.influences import own_covariance
from replication.perturbation.mean_terms import second_order, targets_noise
from replication.perturbation.response import Response, dot


def variance_terms(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """(name, power of g): values (m,) of the m neurons."""
    terms = {("kurtosis", 4): kurtosis(response)}
    for part in (shared_neurons, kernel, kernel_scatter, second_order_kernel):
        terms |= part(response)
    return terms


def first_order(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """Variance over kernels of E_F[S], to first order: of g^2 (|P h|^2 - 2 tr D B) + 2 <delta, D Y>, over v."""
    outputs = response.limit.outputs
    mean = np.trace(own_covariance(response.limit))
    deviation = dot(response.p[0], response.p[0]) - mean
    scatter, error = shared_means(response)
    square = outputs * (outputs + 2) * deviation**2 + 2 * outputs * mean**2
    parts = kernel(response)
    values = {4: square - 4 * scatter + parts["kernel", 4], 2: 4 * error + parts["kernel", 2], 0: parts["kernel", 0]}
    return {("first_order", power): value for power, value in values.items()}


def shared_means(response: Response) -> tuple[np.ndarray, np.ndarray]:
    """E_v |P h|^2 tr(D B) and E_v |P h|^2 <delta, D Y>, (m,) each."""
    outputs, (trace_e, trace_g) = response.limit.outputs, response.traces
    square, (missed_e, missed_g) = dot(response.p[0], response.p[0]), learnt_traces(response)
    scatter = square * outputs * (outputs * trace_e + (outputs + 2) * trace_g)
    return scatter, square * (outputs * missed_e + (outputs + 2) * missed_g)


def kurtosis(response: Response) -> np.ndarray:
    """Fourth cumulant of the initial function: E|P h|^4 - (E|P h|^2)^2 - 2 |Cov P h|^2, h = v phi."""
    outputs, covariance = response.limit.outputs, own_covariance(response.limit)
    mean = np.trace(covariance)
    deviation = dot(response.p[0], response.p[0]) - mean
    constant = 2 * outputs * (mean**2 - np.vdot(covariance, covariance))
    return outputs * (outputs + 2) * deviation**2 + constant


def shared_neurons(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """2 Cov(S_0, S_1): the initial function and the kernel are made of the same neurons."""
    limit, outputs = response.limit, response.limit.outputs
    p, r, delta = response.p, response.r, limit.delta
    ranks = range(len(p))
    single, double = outputs, outputs * (outputs + 2)
    scatter, error = shared_means(response)
    at_features = sum(p[k] * dot(r[k], response.bases[0]) for k in ranks)  # D_e phi
    scatter += 2 * single * sum(dot(p[0], p[k]) * dot(r[k], response.reached[0]) for k in ranks)
    scatter += 2 * double * dot(p[0], response.reach[0])
    scatter += 2 * dot(response.weighted[0], single * at_features + double * response.own[0])
    along = p[0].T @ delta  # (m, C)
    error -= 2 * np.sum(along * ((at_features + (outputs + 2) * response.own[0]).T @ delta), axis=1)
    for k in ranks:
        error += 2 * dot(p[0], p[k]) * np.sum(along * (r[k].T @ limit.y), axis=1)
    error += 2 * (outputs + 2) * np.einsum("am,amo,mo->m", p[0], response.y_outer, along, optimize=True)
    return {("shared_neurons", 4): -4 * scatter, ("shared_neurons", 2): 4 * error}


def learnt_traces(response: Response) -> tuple[np.ndarray, np.ndarray]:
    """<delta, D_e Y> and <delta, D_g Y>, (m,) each."""
    delta, y = response.limit.delta, response.limit.y
    e = sum(np.sum((p.T @ delta) * (r.T @ y), axis=1) for p, r in zip(response.p, response.r, strict=True))
    return e, np.einsum("ao,amo->m", delta, response.y_outer)


def kernel(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """The square of E_F S_1: what the kernel's fluctuation to first order does to mu_L."""
    outputs = response.limit.outputs
    double = outputs * (outputs + 2)
    trace_e, trace_g = response.traces
    missed_e, missed = learnt_traces(response)
    blocks = np.einsum("ai,amj->mij", response.limit.delta, response.y_outer, optimize=True)  # delta_i' D_g Y_j
    scatter = outputs**2 * trace_e**2 + double * trace_g**2 + 2 * outputs**2 * trace_e * trace_g
    mixed = outputs * trace_e * (missed_e + missed) + trace_g * (outputs * missed_e + (outputs + 2) * missed)
    error = missed_e**2 + 2 * missed_e * missed + missed**2
    error += np.einsum("mij,mij->m", blocks, blocks) + np.einsum("mij,mji->m", blocks, blocks)
    return {("kernel", 4): 4 * scatter, ("kernel", 2): -8 * mixed, ("kernel", 0): 4 * error}


def kernel_scatter(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """Var_F S_1: the kernel's fluctuation to first order, seen by the scatter of the initial function."""
    limit, outputs, probes = response.limit, response.limit.outputs, response.probes
    p, r, delta = response.p, response.r, limit.delta
    ranks = range(len(p))
    single, double = outputs, outputs * (outputs + 2)
    crossed = [[dot(r[k], response.reached[j]) for j in ranks] for k in ranks]  # r_k' B p_j
    scatter = 0.0
    for k in ranks:
        for j in ranks:
            scatter = scatter + crossed[k][j] * crossed[j][k]
            scatter += dot(response.weighted[k], p[j]) * dot(r[k], response.spread_r[j])
        scatter += 2 * dot(response.seen[k], response.reach[k]) + 2 * dot(response.weighted[k], response.spread[k])
    seen = np.einsum("aj,ami->mji", probes.left, response.f, optimize=True)  # <P F_j, D_g F_i>
    squares = np.einsum("mij,mji,ij->m", seen, seen, probes.pairs, optimize=True)
    flat = response.f.reshape(len(response.f), -1)
    squares += dot(response.f, (limit.covariance @ flat).reshape(response.f.shape)) / flat.shape[1] * len(squares)
    scatter = single * scatter + double * squares

    error = targets_noise(response, lambda at_test: limit.covariance @ at_test, response.weighted)
    back = response.back[..., :outputs]  # D_g' delta
    flat = back.reshape(len(back), -1)
    across, along = [p[k].T @ delta for k in ranks], [r[k].T @ limit.y for k in ranks]
    reached_y = (limit.reach @ response.y_outer.reshape(len(delta), -1)).reshape(back.shape)  # B D_g Y
    for k in ranks:
        for j in ranks:
            error += dot(r[k], response.spread_r[j]) * np.sum(across[k] * across[j], axis=1)
            error -= 2 * crossed[j][k] * np.sum(along[k] * across[j], axis=1)
        error += 2 * np.einsum("am,amo,mo->m", response.spread_r[k], back, across[k], optimize=True)
        error -= 2 * np.einsum("am,amo,mo->m", response.reached[k], back, along[k], optimize=True)
        error -= 2 * np.einsum("am,amo,mo->m", r[k], reached_y, across[k], optimize=True)
    moved = (limit.inputs.training.nngp @ flat).reshape(back.shape)
    error += (outputs + 2) * (dot(back, moved) - 2 * dot(reached_y, back))
    return {("kernel_scatter", 4): 4 * scatter, ("kernel_scatter", 2): 4 * error}


def second_order_kernel(response: Response) -> dict[tuple[str, int], np.ndarray]:
    """2 Cov(S_0, S_2): the kernel's fluctuation to second order."""
    limit, outputs, probes = response.limit, response.limit.outputs, response.probes
    p, r, bases = response.p, response.r, response.bases
    ranks = range(len(p))
    single, double = outputs, outputs * (outputs + 2)
    drift = -response.neurons.trace(limit.weighted_reach_form)
    noise = np.zeros_like(drift)
    drift -= sum(dot(r[k], response.reach_weighted[k]) for k in ranks)
    for k in ranks:
        for j in ranks:
            noise = noise + dot(p[k], p[j]) * dot(response.seen[k], response.seen[j])
            drift = drift + dot(r[k], bases[j]) * dot(r[j], response.reach_weighted[k])
        noise += 2 * dot(p[k], response.square[k])
        drift += dot(r[k], response.weighted_inner[k]) + dot(limit.covariance @ response.seen[k], response.own[k])
    together = np.einsum("ami,amj->mij", response.f, response.f, optimize=True)
    noise = single * noise + double * np.einsum("mij,ij,ij->m", together, probes.left.T @ probes.left, probes.pairs)
    left = limit.covariance @ probes.left
    drift = single * drift + double * np.einsum("amj,aj->m", response.ff, left) / left.shape[1]

    b_delta = limit.reach @ limit.delta
    along, along_b = ([r[k].T @ column for k in ranks] for column in (limit.y, b_delta))
    error = (outputs + 2) * dot(response.y_outer, response.b_delta_outer)
    for k in ranks:
        for j in ranks:
            error += dot(p[k], p[j]) * np.sum(along[k] * along_b[j], axis=1)
        error += np.einsum("am,amo,mo->m", p[k], response.b_delta_outer, along[k], optimize=True)
        error += np.einsum("am,amo,mo->m", p[k], response.y_outer, along_b[k], optimize=True)
    back, weighted_back = response.back[..., :outputs], response.back[..., outputs:]
    y = (limit.y, response.y_inner, response.y_outer)
    error += second_order(response, limit.covariance @ limit.delta, weighted_back, *y)
    error -= second_order(response, limit.delta, back, b_delta, response.b_delta_inner, response.b_delta_outer)
    return {("second_order_kernel", 4): 4 * noise + 8 * drift, ("second_order_kernel", 2): -8 * error}
