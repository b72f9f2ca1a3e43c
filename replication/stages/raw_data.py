"""A task's data as they come: embedded, simulated, or downloaded to the task's own folder."""

import os

from replication.datasets import manifest, sources
from replication.datasets.catalogue import SOURCES
from replication.datasets.dataset import Dataset
from replication.datasets.registry import read_registry
from replication.datasets.variations import one_output
from replication.settings.tasks import TaskSettings
from replication.stages.run_paths import REGISTRY, RunPaths


def load(paths: RunPaths, task: TaskSettings, seed: int) -> Dataset:
    """The training pool and the test set that the task asks for; what was downloaded for them stays in its folder."""
    dataset = _load(paths, task.dataset, task.pool_size, task.test_size, seed)
    manifest.write_manifest(paths.raw, task.dataset, read_registry(REGISTRY))
    if task.positive_classes is not None:
        dataset = one_output(dataset, task.positive_classes)
    return dataset._replace(transform=task.transform, centre=task.centre)


def load_whole(paths: RunPaths, task: TaskSettings, seed: int) -> Dataset:
    """As many points as there are."""
    source = SOURCES[task.dataset]
    return _load(paths, task.dataset, source.largest_pool, source.largest_test, seed)


def _load(paths: RunPaths, dataset: str, pool_size: int, test_size: int, seed: int) -> Dataset:
    mirror = os.environ.get("REPLICATION_DATA_MIRROR")
    # showers that were simulated are no raw data: they are kept as other finished work is
    folder = paths.scratch if SOURCES[dataset].kind == "simulated" else paths.raw
    return sources.load(dataset, pool_size, test_size, seed, folder, read_registry(REGISTRY), mirror)
