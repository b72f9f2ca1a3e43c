"""Stage: the exact law of the test loss of infinitely wide networks, its theory, and a second engine's opinion."""

from tqdm import tqdm

from replication.datasets import prepared
from replication.experiments.cross_check import cross_check
from replication.experiments.learning_curve_theory import theory_curves
from replication.experiments.learning_curves import infinite_width_curves, number_of_curve_points
from replication.experiments.networks import network_on
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth, LearningCurveTheory
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def predict_infinite_width(
    paths: RunPaths, seed: int, task: TaskSettings, network: MLP, training: Training, infinite_width: InfiniteWidth,
    learning_curve_theory: LearningCurveTheory, finite_width: FiniteWidth, statistics: Statistics,
) -> None:  # fmt: skip
    """Predict moments, sources and credible intervals of the test loss at infinite width, and by theory."""
    dataset = prepared.read(paths.prepared)
    data, network = (dataset, paths.task), network_on(dataset, network)
    check = cross_check(*data, network, infinite_width, seed)
    theory = theory_curves(*data, task, network, learning_curve_theory, seed)
    total = number_of_curve_points(infinite_width, task.pool_size, points := finite_width.training_sizes)
    with tqdm(total=total, desc=f"infinite width, {paths.task}", disable=None) as bar:
        curves = infinite_width_curves(
            *data, task, network, training, infinite_width, points, statistics, seed, bar.update
        )
    tables = {"learning_curves": curves, "theory": theory, "cross_check": check}
    files.write_tables(paths.results("infinite_width", paths.task), tables)


if __name__ == "__main__":
    run(predict_infinite_width)
