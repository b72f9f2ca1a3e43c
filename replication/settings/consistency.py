"""Contradictions between the sections of a profile: each as its dotted key, and what is wrong with the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from replication.settings.tasks import DATASETS_OF_TASK, TaskName, TaskSettings

if TYPE_CHECKING:
    from replication.settings.profile import Profile

Problems = Iterator[tuple[str, str]]
# sections whose training sets are draws from the pool of every task
DRAWN = ("variations", "finite_width", "training_variations", "data_variations")


def problems(profile: Profile) -> Problems:
    """Yield (dotted key, message) for every contradiction."""
    for name, task in profile.tasks.items():
        yield from _task(profile, name, task)
    yield from _sections_of_one_task(profile)
    yield from _training_sizes(profile)
    yield from _windows(profile)
    yield from _theory(profile)
    yield from _cross_check(profile)
    yield from _training(profile)


def _task(profile: Profile, name: TaskName, task: TaskSettings) -> Problems:
    """A data set that feeds the task, and a pool that is large enough."""
    known = DATASETS_OF_TASK[name]
    if task.dataset not in known:
        yield f"tasks.{name}.dataset", f"{task.dataset} does not feed {name}; use {' or '.join(known)}"
    pool, half = (f"{share}tasks.{name}.pool_size = {task.pool_size}" for share in ("", "half of "))
    for section in DRAWN:
        largest = getattr(profile, section).training_sizes[-1]
        if largest > task.pool_size / 2:  # draws of more would be nearly the same set
            yield f"{section}.training_sizes", f"{largest} exceeds {half}; drop that size or enlarge the pool"
    sizes = profile.infinite_width.sizes_within(task.pool_size)
    for key, least in (("infinite_width", 4), ("plateau", 3)):
        if (inside := len(getattr(profile.scaling_laws, key).inside(sizes))) < least:
            yield f"scaling_laws.{key}", f"holds {inside} training sizes up to {half}; widen it, or enlarge the pool"
    if (sample := profile.learning_curve_theory.sample_size) > task.pool_size:
        yield "learning_curve_theory.sample_size", f"{sample} exceeds {pool}; take a smaller sample"
    if (sample := profile.data_variations.sample_size) > task.pool_size / 2:
        yield "data_variations.sample_size", f"{sample} exceeds {half}; lower it or enlarge the pool"


def _sections_of_one_task(profile: Profile) -> Problems:
    """The task is there, and its pool large enough."""
    regimes, varied, features = profile.trained_regimes, profile.trained_variations, profile.random_features.relu
    population = max(regimes.population, regimes.variance_width.training_size)
    for section, task, key, points, share in (
        ("trained_regimes", regimes.task, "population", population, ""),
        ("trained_regimes", regimes.task, "resolution_width.population", regimes.resolution_width.population, ""),
        ("trained_variations", varied.task, "training_sizes", 2 * varied.training_sizes[-1], "half of "),
        ("random_features.relu", features.task, "pool_size", features.pool_size, ""),
    ):
        if task not in profile.tasks:
            yield f"{section}.task", f"{task} is no task of this profile; use {' or '.join(profile.tasks)}"
        elif points > (pool := profile.tasks[task].pool_size):
            yield f"{section}.{key}", f"exceeds {share}tasks.{task}.pool_size = {pool}; lower it"


def _theory(profile: Profile) -> Problems:
    """Learning-curve theory: modes that the sample resolves, and sizes to compare."""
    theory, exact = profile.learning_curve_theory, profile.infinite_width
    key = "learning_curve_theory.training_sizes"
    if theory.training_sizes[-1] > theory.sample_size / 4:
        yield key, "must end at a quarter of sample_size, which knows no finer modes; drop sizes or enlarge it"
    both = set(exact.training_sizes) & set(theory.training_sizes)
    if len(profile.scaling_laws.infinite_width.inside(both)) < 2:
        shared = "fewer than 2 sizes with infinite_width.training_sizes in the fit window"
        yield key, f"shares {shared}; add some of them"


def _training_sizes(profile: Profile) -> Problems:
    """Sizes that other sections need."""
    missing = sorted(set(profile.finite_width.training_sizes) - set(profile.infinite_width.training_sizes))
    if missing:
        reason = "not among infinite_width.training_sizes, which ensembles are compared with; add them there"
        yield "finite_width.training_sizes", f"{missing} {reason}"
    if len(profile.training_variations.training_sizes) < 3:
        yield "training_variations.training_sizes", "a plateau and its slope need at least 3; add some"


def _training(profile: Profile) -> Problems:
    """Networks that can be trained."""
    if profile.training.algorithm == "convergence":
        yield "training.algorithm", "convergence is known of linearised networks alone; name one that takes steps"


def _cross_check(profile: Profile) -> Problems:
    """Another engine, at a size that there is."""
    exact = profile.infinite_width
    if exact.cross_check is None:
        return
    if exact.cross_check.engine == exact.engine:
        yield "infinite_width.cross_check.engine", "is infinite_width.engine itself; name the other, or null for none"
    if exact.cross_check.training_size > (largest := exact.training_sizes[-1]):
        yield "infinite_width.cross_check.training_size", f"exceeds the largest training size, {largest}; lower it"


def _windows(profile: Profile) -> Problems:
    """Enough training sizes in every fit window."""
    for key, section, points in (
        ("infinite_width", profile.infinite_width, 4),
        ("finite_width", profile.finite_width, 3),
        ("plateau", profile.infinite_width, 3),
        ("plateau_finite_width", profile.finite_width, 3),
    ):
        inside = len(getattr(profile.scaling_laws, key).inside(section.training_sizes))
        if inside < points:
            yield f"scaling_laws.{key}", f"holds {inside} training sizes; widen it to hold at least {points}"
