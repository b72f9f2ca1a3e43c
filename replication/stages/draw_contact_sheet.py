"""Stage: samples of a task's data, to see what the networks see."""

from replication.datasets import prepared
from replication.datasets.sources import SOURCES
from replication.figures.contact_sheet import contact_sheet
from replication.figures.saving import png_bytes
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def draw_contact_sheet(place: Place, task: TaskSettings) -> None:
    """Draw samples of a task's data."""
    figure = contact_sheet(prepared.read(place.prepared), SOURCES[task.dataset].title)
    files.write(place.exhibits(f"contact_sheet_{place.task}.png"), png_bytes(figure, place.provenance))


if __name__ == "__main__":
    run(draw_contact_sheet)
