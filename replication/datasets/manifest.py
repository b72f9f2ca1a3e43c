"""What a download folder holds: the files of one source, listed with their hashes in source.json, and nothing else."""

import json
from pathlib import Path

from replication import atomic
from replication.datasets.registry import Registry

NAME = "source.json"


def write_manifest(folder: Path, source: str, registry: Registry) -> None:
    """List the files of `source` below `folder`, none where they come with a package, and delete what is not its own.

    The folder keeps its files from one run to the next, so it may hold those of a source that the task had before.
    """
    files = registry[source].files if source in registry else {}
    atomic.write(folder / NAME, json.dumps({"source": source, "files": files}, indent=1) + "\n")
    own = {folder / NAME, *(folder / path for path in files)}
    for path in sorted(folder.rglob("*"), reverse=True):  # a folder after what is in it
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in own:
            path.unlink()
