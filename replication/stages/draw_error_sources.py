"""Stage: what mu_L, sigma_L and eps_L of a task consist of at infinite width, as PDF and PNG."""

from replication.figures.error_sources import error_sources
from replication.figures.saving import pdf_bytes, png_bytes
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def draw_error_sources(paths: RunPaths, task: TaskSettings) -> None:
    """Draw the sources of the test loss at infinite width."""
    # `source` is not read: naming it makes this a stage of one task
    figure = error_sources(files.read_table(paths.results("infinite_width", f"{paths.task}.csv")))
    files.write(paths.exhibits(f"error_sources_{paths.task}.png"), png_bytes(figure, paths.provenance))
    files.write(paths.exhibits(f"error_sources_{paths.task}.pdf"), pdf_bytes(figure, paths.provenance))


if __name__ == "__main__":
    run(draw_error_sources)
