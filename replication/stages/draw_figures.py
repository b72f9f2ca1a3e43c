"""Stage: the figures of the profile, as PDF and PNG."""

from replication.figures.learning_curves import learning_curves
from replication.figures.saving import pdf_bytes, png_bytes
from replication.figures.width_dependence import width_dependence
from replication.settings import Claims
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def draw_figures(place: Place, claims: Claims) -> None:
    """Draw the learning curves and the dependence of eps_L on the width."""
    curves, laws = (files.read_table(place.results(name)) for name in ("learning_curves.csv", "scaling_laws.csv"))
    figures = {
        "learning_curves": learning_curves(curves, laws),
        "width_dependence": width_dependence(curves, claims.width_ratio),
    }
    for name, figure in figures.items():
        files.write(place.exhibits(f"{name}.png"), png_bytes(figure, place.provenance))
        files.write(place.exhibits(f"{name}.pdf"), pdf_bytes(figure, place.provenance))


if __name__ == "__main__":
    run(draw_figures)
