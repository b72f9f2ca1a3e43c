"""Runs the pipeline with one place after another full or read-only: how does it end, and does it go on from there?

Every stage of both papers on a tiny profile. Each writing place in turn is a file system of its own, first read-only,
then full after a few kilobytes; the pipeline must end in one line. Then there is space, and at the end tables and
figures must be those of an undisturbed run. Needs the right to mount (root).

python benchmarks/full_disk.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.stages import tiny_pipeline
from tests.stages.declared import CHILD

REPRO = [sys.executable, "-m", "dvc", "repro"]
CHECK = [sys.executable, "-m", "replication", "check"]
# in the order in which a run comes to them, and the size of a file system that is too small for what goes there
PLACES = {
    ".dvc/tmp": "4k",
    "data/raw": "4k",
    "data/prepared/quick": "16k",
    ".dvc/cache": "16k",
    "results/quick": "16k",
    "scratch/quick": "16k",
    "paper_figures": "100k",  # DVC moves the folder of the profile itself
}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="full disk ") as folder:
        calm, disturbed = (tiny_pipeline.clone(Path(folder, name)) for name in ("calm", "disturbed"))
        tiny_pipeline.run(calm, *REPRO)
        mounted = []
        try:
            for place, size in PLACES.items():
                path = disturbed / place
                path.mkdir(parents=True, exist_ok=True)
                mount("-t", "tmpfs", "-o", f"ro,size={size}", "tmpfs", path)
                mounted.append(path)
                print(f"{place}, read-only: {outcome(disturbed)}", flush=True)
                mount("-o", f"remount,rw,size={size}", path)
                print(f"{place}, full: {outcome(disturbed)}", flush=True)
                mount("-o", "remount,size=1g", path)
            print(f"then: {outcome(disturbed)}")
            report(calm, disturbed)
        finally:
            for path in mounted:
                subprocess.run(["umount", path], check=False)


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


def outcome(folder: Path) -> str:
    """How the pipeline ended, and in which words."""
    for command in (CHECK, REPRO):
        ended = subprocess.run(command, cwd=folder, env=CHILD, capture_output=True, text=True)
        said = (ended.stdout + ended.stderr).splitlines()
        if ended.returncode:
            stages = [line for line in said if line.startswith("Running stage")] or ["before the first stage"]
            errors = [line for line in said if line.startswith(("error: ", "ERROR: ", "OSError"))]
            kind = "TRACEBACK" if any("Traceback" in line for line in said) else "clean"
            return f"status {ended.returncode}, {kind}, {stages[-1]} {' | '.join(errors or said[-2:])[:400]}"
    return "through"


def report(calm: Path, disturbed: Path) -> None:
    expected, found = (tiny_pipeline.contents(clone) for clone in (calm, disturbed))
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    tops = [disturbed / top for top in ("results", "data", "scratch", "paper_figures")]
    left = [path.name for top in tops for path in top.rglob(".*") if path.is_file() and path.name != ".gitignore"]
    print(f"{len(expected)} files, different: {different or 'none'}; temporary files left: {left or 'none'}")


if __name__ == "__main__":
    main()
