"""The one error a user sees: what is wrong, where, and what to do about it, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

# optional parts of the installation, by the modules that they bring
EXTRAS = {
    "train": ("tensorflow", "keras", "psutil"),
    "neural-tangents": ("jax", "jaxlib", "neural_tangents", "tf2jax"),
    "cluster": ("distributed", "dask"),
    "geant4": ("geant4_pybind",),
    "tables": ("pyarrow", "h5py"),
    "pipeline": ("dvc", "sklearn", "pooch", "h5py", "jinja2", "markdown", "tabulate"),
}


class ReplicationError(Exception):
    """An error with a remedy; commands print it as one line and exit with status 1."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}: {remedy}")
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["ReplicationError"], tuple[str, str]]:
        """Pickled, as by a cluster that sends it home, by what it was made of."""
        return type(self), (self.problem, self.remedy)


@contextmanager
def optional_parts() -> Iterator[None]:
    """What needs a part that is not installed ends in a ReplicationError that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").split(".")[0]
        for extra, modules in EXTRAS.items():
            if module in modules:
                raise ReplicationError(f"{module} is not installed", f"pip install 'replication[{extra}]'") from None
        raise
