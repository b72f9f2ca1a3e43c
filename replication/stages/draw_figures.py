"""Stage: the figures of the profile, as PDF and PNG."""

from replication.datasets import prepared
from replication.datasets.catalogue import SOURCES
from replication.datasets.preprocessing import Preprocessing
from replication.figures.contact_sheet import contact_sheet
from replication.figures.exhibits import LAWS, TABLES, Drawing, drawings
from replication.figures.saving import draw_all
from replication.settings.analysis import Claims, Statistics
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

MEV_IN_GEV = 1000  # energies are stored in MeV


def draw_figures(paths: RunPaths, tasks: dict[str, TaskSettings], statistics: Statistics, claims: Claims) -> None:
    """Draw the exhibits of both papers, what eps_L consists of in every task, and samples of its data."""
    laws = {name: files.read_table(paths.results("laws", f"{name}.csv")) for name in LAWS}
    tables = {
        name: files.read_tables(paths.results(folder), [f"{task}/{stem}" for task in tasks])
        for name, (folder, stem) in TABLES.items()
    }
    datasets = {name: prepared.read(paths._replace(task=name).prepared) for name in tasks}
    # classes told apart by one output are numbers, too, and no energies
    energies = [name for name, task in tasks.items() if not SOURCES[task.dataset].classes]
    energy_units = {name: Preprocessing.of(datasets[name]).target_std / MEV_IN_GEV for name in energies}
    figures = drawings(laws, tables, statistics.confidence, claims.exponent_share, energy_units)
    for name, task in tasks.items():
        shown = datasets[name]._replace(classes=2) if task.positive_classes else datasets[name]
        figures[f"contact_sheet_{name}"] = Drawing(contact_sheet, (shown, SOURCES[task.dataset].title), ("png",))
    for name, content in draw_all(figures, paths.provenance):
        files.write(paths.exhibits(name), content)


if __name__ == "__main__":
    run(draw_figures)
