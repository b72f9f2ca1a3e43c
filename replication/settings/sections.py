"""What every section of the settings is made of: the frozen model and the kinds of numbers."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator


def _increasing(values: tuple[int, ...]) -> tuple[int, ...]:
    if list(values) != sorted(set(values)):
        raise ValueError("must increase strictly; sort the list and drop duplicates")
    return values


Activation = Literal["relu", "erf"]
Positive = Annotated[int, Field(gt=0, le=10**7)]
# names become folders and words of commands
ProfileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Sizes = Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(_increasing)]
Share = Annotated[float, Field(gt=0, lt=1)]
Bound = Annotated[float, Field(gt=0)]
Depth = Annotated[int, Field(gt=0, le=1000)]
WeightVariance = Annotated[float, Field(ge=1e-6, le=1e6)]
BiasVariance = Annotated[float, Field(ge=0, le=1e6)]


class Section(BaseModel):
    """A part of a profile: immutable, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Window(Section):
    """The sizes that enter a fit: smallest <= size <= largest."""

    smallest: Positive
    largest: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.smallest >= self.largest:
            raise ValueError("smallest must lie below largest; widen the window")
        return self

    def __contains__(self, size: float) -> bool:
        return self.smallest <= size <= self.largest

    def inside(self, sizes: Iterable[int]) -> tuple[int, ...]:
        """Those of the sizes that enter the fit."""
        return tuple(size for size in sizes if size in self)


def too_few(key: str, window: Window, sizes: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) if the window holds too few sizes for a law and the drift of its exponent."""
    if (inside := len(window.inside(sizes))) < 3:
        yield key, f"holds {inside} sizes; widen it to hold at least 3"
