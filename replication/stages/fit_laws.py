"""Stage: every law that is fitted, of both papers."""

from replication.experiments import laws
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training, TrainingVariations
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def fit_laws(
    paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], training: Training, finite_width: FiniteWidth,
    training_variations: TrainingVariations, trained_regimes: TrainedRegimes, trained_variations: TrainedVariations,
    dimension: Dimension, statistics: Statistics, scaling_laws: ScalingLaws, claims: Claims,
) -> None:  # fmt: skip
    """Fit the laws of ensembles, of variants of them, and of the regimes."""

    def of_tasks(folder: str, stem: str):
        return files.read_tables(paths.results(folder), [f"{task}/{stem}" for task in tasks])

    exact, members = of_tasks("infinite_width", "learning_curves"), of_tasks("ensembles", "members")
    variants, expected = (of_tasks("ensembles", stem) for stem in ("training_variations", "expected"))
    regimes = laws.RegimeTables(
        files.read_table(paths.results("trained_regimes", "members.csv")),
        *(of_tasks("infinite_width_variations", stem) for stem in ("data", "data_exponents", "data_differences")),
        *(files.read_table(paths.results("random_features", f"{name}.csv")) for name in laws.FEATURES),
        files.read_table(paths.results("dimension", "exponents.csv")),
    )
    for name, table in (
        laws.laws_of_ensembles(exact, members, seed, training, finite_width, statistics, scaling_laws, claims)
        | laws.laws_of_variants(variants, expected, exact, seed, tasks, training, training_variations, statistics)
        | laws.laws_of_regimes(regimes, trained_regimes, trained_variations, dimension, statistics)
    ).items():
        files.write_table(paths.results("laws", f"{name}.csv"), table)


if __name__ == "__main__":
    run(fit_laws)
