"""A clone whose quick profile is as small as it can be: every stage runs for real, in seconds."""

import os
import subprocess

from ruamel.yaml import YAML

from replication.settings.defaults import completed
from tests.conftest import ROOT
from tests.stages.declared import CHILD

TASKS = ("digits", "calorimeter")  # two show what three would
SIZES = {"smallest": 4, "largest": 64}
SMALL = {
    "pool_size": 512,
    "population": 128,
    "sample_size": 256,
    "test_size": 30,
    "steps": 10,
    "training_sizes": [8, 16, 32, 64],
    "widths": [8, 16, 32],
    "learning_rate_fraction": 0.1,
    "dimensions": [2, 3, 4],
    "members": 8,
    "draws": 3,
    "finite_width": {"widths": [32, 64, 128], "training_sizes": [8, 16, 32], "members": [8, 8, 8]},
    "width_expansion": {"output_scales": [1.0, "matched"], "precision": 0.3},
    "cross_check": {"engine": "neural_tangents", "training_size": 32, "tolerance": 1e-6},
}
# loaded by every Python that starts, which then notes the files that it opens
AUDIT = """
import os, sys

if "OPENED_FILES" in os.environ and any(name.startswith("replication.stages.") for name in sys.orig_argv):
    place = sys.orig_argv.index("-m") + 1
    stage, task = sys.orig_argv[place].split(".")[-1], (sys.orig_argv[place + 2 : place + 3] or [""])[0]
    log = os.open(f"{os.environ['OPENED_FILES']}/{stage}-{task}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(event, arguments):
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            os.write(log, os.fsencode(os.path.relpath(os.fsdecode(arguments[0]))) + b"\\n")

    sys.addaudithook(note)
"""


def shrunk(section):
    """A section with small numbers in place of its own; lists that ask for nothing stay empty."""
    small = {}
    for key, value in section.items():
        if isinstance(value, dict) and set(value) == set(SIZES):
            small[key] = value if key == "large_window" else SIZES
        elif key in SMALL and value != []:
            small[key] = SMALL[key]
        else:
            small[key] = shrunk(value) if isinstance(value, dict) else value
    return small


def clone(folder):
    """The tracked files of the project in `folder`, a git repository, with a tiny quick profile."""
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in tracked.stdout.splitlines():
        if not name.startswith(("results/", "paper_figures/", "dvc.lock", "tests/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    quick = completed(params)["profiles"]["quick"]
    quick["tasks"] = {task: quick["tasks"][task] for task in TASKS}
    params["profiles"] = {"quick": shrunk(quick)}
    YAML(typ="safe").dump(params, folder / "params.yaml")
    pipeline = folder / "dvc.yaml"
    text = pipeline.read_text()
    assert "tasks: [digits, images, calorimeter]" in text
    pipeline.write_text(text.replace("tasks: [digits, images, calorimeter]", f"tasks: [{', '.join(TASKS)}]"))
    for other in folder.glob("profiles/*/dvc.yaml"):
        other.unlink()
    for command in (["init", "-q"], ["config", "user.email", "x@example.org"], ["config", "user.name", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    commit(folder)
    return folder


def commit(folder):
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run(["git", "commit", "-q", "-m", "state"], cwd=folder, check=True)


def run(folder, *command, opened=None):
    """What a command prints; with a folder `opened` each stage leaves there a list of the files that it opens."""
    environment = dict(CHILD)
    if opened is not None:
        (opened / "sitecustomize.py").write_text(AUDIT)
        environment |= {"OPENED_FILES": str(opened), "PYTHONPATH": str(opened)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def contents(folder):
    """Every result and figure that does not name the time it took, by its path."""
    files = [path for top in ("results", "paper_figures") for path in (folder / top / "quick").rglob("*")]
    stable = [path for path in files if path.is_file() and path.parent.name != "runs" and path.stem != "report"]
    return {os.fspath(path.relative_to(folder)): path.read_bytes() for path in stable}
