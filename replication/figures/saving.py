"""Figures as bytes that depend on nothing but the figure: no time, no path, only the provenance that is given."""

from io import BytesIO

import matplotlib
from matplotlib.figure import Figure

from replication.figures.style import styled


@styled
def png_bytes(figure: Figure, provenance: str) -> bytes:
    """The figure as PNG; `provenance` stands in its Description."""
    return _saved(figure, "png", {"Description": provenance, "Software": None})


@styled
def pdf_bytes(figure: Figure, provenance: str) -> bytes:
    """The figure as PDF with embedded fonts; `provenance` stands in its Subject."""
    return _saved(figure, "pdf", {"Subject": provenance, "CreationDate": None, "Creator": None, "Producer": None})


def _saved(figure, kind, metadata):
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)  # one layout serves both formats
    buffer = BytesIO()
    # without any layout engine, even a placeholder, for which matplotlib would draw everything twice
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
