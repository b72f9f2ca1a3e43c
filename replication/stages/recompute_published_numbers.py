"""Stage: numbers that others published for infinitely wide networks, recomputed on the same data."""

from replication.claims.published_numbers import with_verdicts
from replication.datasets.dataset import Dataset
from replication.experiments import published_numbers as experiment
from replication.settings.analysis import Claims, ScalingLaws
from replication.settings.infinite_width import PublishedNumbers
from replication.settings.tasks import TaskSettings
from replication.stages import files, raw_data
from replication.stages.command import run
from replication.stages.run_paths import PUBLISHED_NUMBERS, RunPaths


def recompute_published_numbers(
    paths: RunPaths,
    seed: int,
    tasks: dict[str, TaskSettings],
    scaling_laws: ScalingLaws,
    published_numbers: PublishedNumbers,
    claims: Claims,
) -> None:
    """Compare with what is published for the tasks' data, if anything is: accuracies, and bands of exponents."""

    def whole(name: str) -> Dataset:
        return raw_data.load_whole(RunPaths(paths.profile, name), tasks[name], seed)

    published = files.read_table(PUBLISHED_NUMBERS)
    curves = files.read_tables(paths.results("infinite_width"), [f"{name}/learning_curves" for name in tasks])
    datasets = {name: task.dataset for name, task in tasks.items() if task.positive_classes is None}
    asked = whole, curves, published_numbers, scaling_laws.infinite_width
    table = experiment.published_numbers(published, datasets, *asked)
    table = with_verdicts(table, claims.significance)
    files.write_table(paths.results("published_numbers", "published_numbers.csv"), table)


if __name__ == "__main__":
    run(recompute_published_numbers)
