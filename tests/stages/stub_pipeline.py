"""A clone whose stages take no time: DVC runs the real dvc.yaml, and each stage writes files in place of results.

What a stage writes depends on the sections of the settings that it reads and on the data that it declares, not on
code, so that changes go as far as they would go with real stages.
"""

import hashlib
import subprocess
import sys

from tests.conftest import ROOT
from tests.stages.declared import CHILD, STAGES

STUB = """
import base64, hashlib, json, pathlib, sys
from ruamel.yaml import YAML

pipeline, stage, task = sys.argv[1], sys.argv[2], sys.argv[4] if len(sys.argv) > 4 else ""
content = YAML(typ="safe").load(pathlib.Path(pipeline))
variables = {"profile": sys.argv[3], "item.task": task}
declared = content["stages"][stage]
settings = YAML(typ="safe").load(pathlib.Path("params.yaml"))
PNG = base64.b64decode(  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def named(entry):
    text = entry if isinstance(entry, str) else next(iter(entry))
    for name, value in variables.items():
        text = text.replace("${%s}" % name, value)
    return text


def section(key):
    value = settings
    for part in key.split("."):
        value = value[part]
    return value


keys = [key for entry in declared["params"] for key in ([entry] if isinstance(entry, str) else entry["params.yaml"])]
read = {named(key): section(named(key)) for key in keys}
digest = hashlib.sha256(json.dumps(read, sort_keys=True).encode())
for path in map(named, declared["deps"]):
    if not path.startswith("replication/") and "/runs" not in path:
        assert pathlib.Path(path).exists(), path
        found = [path] if pathlib.Path(path).is_file() else pathlib.Path(path).rglob("*")
        for file in sorted(map(pathlib.Path, found)):
            digest.update(file.read_bytes() if file.is_file() else b"")
for path in map(pathlib.Path, map(named, declared["outs"] + declared.get("metrics", []))):
    if not path.suffix:
        names = ["table.csv", *(p for plot in content["plots"] for p in [pathlib.Path(named(plot)).name])]
        files = [path / name for name in names] if path.parts[0] == "paper_figures" else [path / "table.csv"]
    else:
        files = [path]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = digest.hexdigest()
        text = json.dumps({"number": int(text[:6], 16)}) if file.name == "metrics.json" else text
        file.write_bytes(PNG if file.suffix == ".png" else text.encode())
"""


def clone(folder):
    """The tracked files of the project in `folder`, a git repository, with stub stages."""
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    needed = ("replication/", "reference/", "data/", "profiles/", ".dvc", ".git", "params.", "dvc.yaml")
    for name in tracked.stdout.splitlines():
        if name.startswith(needed) and not name.endswith("dvc.lock") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "stub.py").write_text(STUB)
    for pipeline in (folder / "dvc.yaml", *folder.glob("profiles/*/dvc.yaml")):
        text = pipeline.read_text()
        for stage in STAGES:
            command = f"python stub.py {pipeline.relative_to(folder)} {stage} "
            assert f"python -m replication.stages.{stage} " in text
            text = text.replace(f"python -m replication.stages.{stage} ", command)
        pipeline.write_text(text)
    git(folder, "init", "-q")
    git(folder, "config", "user.email", "nobody@example.org")
    git(folder, "config", "user.name", "nobody")
    commit(folder)
    return folder


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "state")


def dvc(folder, *arguments):
    """What DVC prints; AssertionError, with all that it said, if it fails."""
    command = [sys.executable, "-m", "dvc", *arguments]
    ended = subprocess.run(command, cwd=folder, env=CHILD, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def fingerprint(folder):
    """Digest of every file below results and figures, by path."""
    files = [path for top in ("results", "paper_figures") for path in (folder / top).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
