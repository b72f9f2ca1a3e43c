"""Stage: samples of a task's data, to see what the networks see."""

from replication.datasets import prepared
from replication.datasets.sources import SOURCES
from replication.figures.contact_sheet import contact_sheet
from replication.figures.saving import png_bytes
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def draw_contact_sheet(paths: RunPaths, task: TaskSettings) -> None:
    """Draw samples of a task's data."""
    figure = contact_sheet(prepared.read(paths.prepared), SOURCES[task.dataset].title)
    files.write(paths.exhibits(f"contact_sheet_{paths.task}.png"), png_bytes(figure, paths.provenance))


if __name__ == "__main__":
    run(draw_contact_sheet)
