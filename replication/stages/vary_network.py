"""Stage: what the plateau of eps_L at infinite width depends on, one property of network or target at a time."""

import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width.learning_curve import Regularisation, compute_kernels, learning_curve
from replication.settings.infinite_width import InfiniteWidth, Variations
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def vary_network(
    paths: RunPaths, seed: int, task: TaskSettings, network: MLP, infinite_width: InfiniteWidth, variations: Variations
) -> None:
    """Predict converged networks of other depths, variances of weights and biases, and scales of the target."""
    dataset = prepared.read(paths.prepared)
    preprocessing = Preprocessing.of(dataset)
    test_x, test_y = preprocessing.test(dataset)
    sizes = variations.training_sizes
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    rows = []
    for draw in tqdm(range(variations.draws), desc=f"variations, {paths.task}", unit="draw", disable=None):
        order = training_order(task.pool_size, sizes[-1], seed, paths.task, draw)
        x, y = preprocessing.training(dataset, order)
        for varied, value, spec, scales in _variants(network, variations):
            # by recursion whatever the profile's engine: neural-tangents would compile every network anew
            problem = compute_kernels(spec, "closed_form", x, y, test_x)
            for scale in scales:
                scaled = problem._replace(y=scale * y)
                for row in learning_curve(scaled, scale * test_y, sizes, regularisation):
                    key = {"task": paths.task, "dataset": task.dataset, "draw": draw}
                    key |= {"varied": varied, "value": scale if varied == "target_scale" else value}
                    rows.append(key | row)
    files.write_table(paths.results("variations", f"{paths.task}.csv"), pd.DataFrame(rows))


def _variants(network: MLP, variations: Variations):
    """(what is varied, its value, the network, scales of the target) with the network's own values among them."""
    for varied in ("depth", "weight_variance", "bias_variance"):
        for value in sorted({getattr(network, varied), *getattr(variations, varied)}):
            yield varied, value, network.model_copy(update={varied: value}), (1.0,)
    yield "target_scale", None, network, sorted({1.0, *variations.target_scale})


if __name__ == "__main__":
    run(vary_network)
