"""Figures as bytes that depend on nothing but the figure: no time, no path, only the provenance that is given."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from typing import Any, NamedTuple

import matplotlib
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from replication.figures.style import styled

COLOURS = 256  # smooth edges of lines and letters; one byte for each pixel


class Drawing(NamedTuple):
    """A function that draws a figure, what it is drawn from, and the kinds of files that are made of it."""

    draw: Callable[..., Figure]
    arguments: tuple[Any, ...]
    kinds: tuple[str, ...] = ("png", "pdf")


def draw_all(drawings: Mapping[str, Drawing], provenance: str) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every figure, drawn on all processors."""
    with ProcessPoolExecutor() as pool:  # a second or so each, nothing shared
        started = {name: pool.submit(_drawn, drawing, provenance) for name, drawing in drawings.items()}
        for name, pictures in started.items():
            for kind, content in pictures.result().items():
                yield f"{name}.{kind}", content


def _drawn(drawing: Drawing, provenance: str) -> dict[str, bytes]:
    figure = drawing.draw(*drawing.arguments)
    return {kind: {"png": png_bytes, "pdf": pdf_bytes}[kind](figure, provenance) for kind in drawing.kinds}


@styled
def png_bytes(figure: Figure, provenance: str) -> bytes:
    """The figure as PNG of 256 colours, a third of the size; `provenance` stands in its Description."""
    picture = Image.open(BytesIO(_saved(figure, "png", {"Software": None}))).convert("RGB")
    text = PngInfo()
    text.add_text("Description", provenance)
    few = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer := BytesIO(), "png", optimize=True, pnginfo=text)
    return buffer.getvalue()


@styled
def pdf_bytes(figure: Figure, provenance: str) -> bytes:
    """The figure as PDF with embedded fonts; `provenance` stands in its Subject."""
    return _saved(figure, "pdf", {"Subject": provenance, "CreationDate": None, "Creator": None, "Producer": None})


def _saved(figure: Figure, kind: str, metadata: dict) -> bytes:
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)  # one layout serves both formats
    buffer = BytesIO()
    # without any layout engine, even a placeholder, for which matplotlib would draw everything twice
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
