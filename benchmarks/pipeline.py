"""Times the commands a reader types, as whole processes in a fresh clone.

Writes benchmarks/timings.csv and the table in the README.

python benchmarks/pipeline.py [--tests]
"""

import csv
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
REDRAW = "rm -r paper_figures/quick && python -m dvc repro -q draw_figures"
COMMANDS = [
    ("environment", "make environment"),
    ("make repro", "make repro"),
    ("make repro, again", "make repro"),
    ("figures alone, redrawn", REDRAW),
]
TESTS = ("make test", "make test")


def main() -> None:
    commands = [*COMMANDS, TESTS] if "--tests" in sys.argv else COMMANDS
    rows = []
    with tempfile.TemporaryDirectory(prefix="a clone ") as folder:
        clone = Path(folder, "replication")
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        environment = {name: value for name, value in os.environ.items() if name != "REPLICATION_DATA_MIRROR"}
        environment["PATH"] = f"{clone}/.venv/bin:{environment['PATH']}"
        for name, command in commands:
            start = time.monotonic()
            subprocess.run(command, shell=True, cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL)
            rows.append({"what": name, "seconds": round(time.monotonic() - start, 1)})
            print(f"{name:<24} {rows[-1]['seconds']:8.1f} s", flush=True)
    with (ROOT / "benchmarks/timings.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["what", "seconds", "cores", "python"])
        writer.writeheader()
        machine = {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
        writer.writerows(row | machine for row in rows)
    table = "".join(f"| {row['what']} | {row['seconds']:.0f} s |\n" for row in rows)
    readme = ROOT / "README.md"
    before, _, after = re.split(r"(?<=--tests -->\n)(.*?)(?=<!-- end of times -->)", readme.read_text(), flags=re.S)
    readme.write_text(f"{before}\n| command | time |\n|---|---|\n{table}\n{after}")


if __name__ == "__main__":
    main()
