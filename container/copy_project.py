"""Copies the project to where it is to run; what is there already is kept. `copy_project.py FROM TO`

Each file appears whole or not at all: one cut short, by a full disk say, would be kept by the next copy.
"""

import os
import shutil
import sys
from pathlib import Path


def copy(source: Path, target: Path) -> None:
    """Every file below `source` that `target` lacks, but for the environment and bytecode."""
    for folder, names, files in os.walk(source):
        names[:] = [name for name in names if name not in (".venv", "__pycache__")]
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in files:
            if not os.path.lexists(place / name):
                _copy_file(Path(folder, name), place / name)


def _copy_file(original: Path, copied: Path) -> None:
    temporary = copied.with_name(f".{copied.name}.copy")
    try:
        shutil.copy(original, temporary)
        temporary.replace(copied)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    try:
        copy(Path(sys.argv[1]), Path(sys.argv[2]))
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        sys.exit(f"error: cannot copy the project to {sys.argv[2]} ({reason}): free space there, or permit writing")
