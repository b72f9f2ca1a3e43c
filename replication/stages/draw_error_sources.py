"""Stage: what mu_L, sigma_L and eps_L of a task consist of at infinite width, as PDF and PNG."""

from replication.figures.error_sources import error_sources
from replication.figures.saving import pdf_bytes, png_bytes
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def draw_error_sources(place: Place, task: TaskSettings) -> None:
    """Draw the sources of the test loss at infinite width."""
    # `source` is not read: naming it makes this a stage of one task
    figure = error_sources(files.read_table(place.results("infinite_width", f"{place.task}.csv")))
    files.write(place.exhibits(f"error_sources_{place.task}.png"), png_bytes(figure, place.provenance))
    files.write(place.exhibits(f"error_sources_{place.task}.pdf"), pdf_bytes(figure, place.provenance))


if __name__ == "__main__":
    run(draw_error_sources)
