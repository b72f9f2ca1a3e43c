"""Kills the pipeline at random moments and lets it go on: are its tables those of an undisturbed run?

Every stage of both papers on a tiny profile. Prints a line for each kill, then what was found.

python benchmarks/kills.py [--signal KILL|TERM|INT] [--kills 20] [--seed 0]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.stages import tiny_pipeline
from tests.stages.declared import CHILD

REPRO = [sys.executable, "-m", "dvc", "repro"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", default="KILL")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chosen, draw = getattr(signal, f"SIG{asked.signal}"), random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="kills ") as folder:
        calm, disturbed = (tiny_pipeline.clone(Path(folder, name)) for name in ("calm", "disturbed"))
        start = time.monotonic()
        tiny_pipeline.run(calm, *REPRO)
        seconds = time.monotonic() - start
        print(f"undisturbed: {seconds:.0f} s", flush=True)
        repeated = sum(kill(disturbed, draw.uniform(1, seconds / 5), chosen) for _ in range(asked.kills))
        before = chunks(disturbed)
        tiny_pipeline.run(disturbed, *REPRO)
        repeated += sum(chunks(disturbed).get(name) != mark for name, mark in before.items())
        expected, found = (tiny_pipeline.contents(clone) for clone in (calm, disturbed))
        different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        left = [path.name for top in ("results", "data", "scratch") for path in leftovers(disturbed / top)]
        print(f"{len(expected)} files, different: {different or 'none'}")
        print(f"{len(chunks(disturbed))} chunks, written more than once: {repeated}; temporary files left: {len(left)}")


def kill(folder: Path, after: float, chosen: signal.Signals) -> int:
    """Start the pipeline, signal all its processes after so many seconds; how many finished chunks were rewritten."""
    before = chunks(folder)
    process = subprocess.Popen(
        REPRO,
        cwd=folder,
        env=CHILD,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    os.killpg(process.pid, chosen)
    sent = time.monotonic()
    output, _ = process.communicate()
    stage = [line for line in output.splitlines() if line.startswith("Running stage")] or ["before the first stage"]
    traced = "Traceback" in output
    took = time.monotonic() - sent
    print(f"{after:5.1f} s: ended after {took:.1f} s, {'TRACEBACK' if traced else 'clean'}, {stage[-1]}", flush=True)
    return sum(chunks(folder).get(name) != mark for name, mark in before.items())


def chunks(folder: Path) -> dict[str, tuple[int, int]]:
    """Finished chunks of ensembles with what changes when a file is written anew."""
    files = [path for path in (folder / "scratch").rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def leftovers(folder: Path) -> list[Path]:
    """What a kill in the middle of a write leaves beside its target; it is never read."""
    return [path for path in folder.rglob(".*") if path.is_file() and path.name != ".gitignore"]


if __name__ == "__main__":
    main()
