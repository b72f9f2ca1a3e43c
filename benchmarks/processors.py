"""Runs `quick` as other processors would, for the tolerances of its reference numbers.

Every table of the profile, in FOLDER/<name>/results/quick for each set of instructions; then

python benchmarks/processors.py FOLDER
python -m replication verify quick --update --elsewhere FOLDER/haswell/results/quick --elsewhere ...
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.stages.declared import CHILD, STAGES, runs

# what OpenBLAS and TensorFlow's oneDNN take of a processor, and threads
ONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
TWO = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
PROCESSORS = {
    "haswell": {"OPENBLAS_CORETYPE": "Haswell", "TF_ENABLE_ONEDNN_OPTS": "0"} | TWO,
    "sandy_bridge": {"OPENBLAS_CORETYPE": "Sandybridge", "ONEDNN_MAX_CPU_ISA": "SSE41"} | ONE,
    "nehalem": {"OPENBLAS_CORETYPE": "Nehalem", "ONEDNN_MAX_CPU_ISA": "AVX2"} | ONE,
}
LEFT_OUT = ("draw_figures", "write_report")  # they write no tables that are compared


def main() -> None:
    folder = Path(sys.argv[1])
    for name, environment in PROCESSORS.items():
        copy(folder / name)
        for run, stage, task in runs():
            if stage not in LEFT_OUT:
                print(f"{name}: {run}", flush=True)
                words = STAGES[stage]["cmd"].replace("${profile}", "quick").replace("${item.task}", task or "").split()
                place = CHILD | environment | {"PYTHONPATH": str(folder.resolve() / name)}
                subprocess.run([sys.executable, *words[1:]], cwd=folder / name, env=place, check=True)


def copy(folder: Path) -> None:
    """The files of the project that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("results/", "paper_figures/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


if __name__ == "__main__":
    main()
