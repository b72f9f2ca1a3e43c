"""The documentation: all pages are in the site, nothing is loaded from elsewhere, blocks are run or say why not."""

import contextlib
import re
import shutil
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.project.test_readme import dry
from tests.stages.declared import CHILD

SITE = YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text())
OUTSIDE = {"index.md", "changelog.md", "contributing.md", "data.md", "settings.md"}  # made of files outside docs/
# pages whose blocks other tests run, all of them
ELSEWHERE = {"README.md": "test_readme.py", "pipeline.md": "test_readme.py", "api.md": "tests/api/test_docs.py"}
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "data/README.md", ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"(?:<!-- (not run|run by): ([^\n]*) -->\n+)?```(\w+)\n(.*?)```", re.S)
BLOCKS = [
    pytest.param(page, *match.groups(), id=f"{page.name}:{page.read_text()[: match.start(3)].count(chr(10)) + 1}")
    for page in PAGES
    if page.name not in ELSEWHERE
    for match in BLOCK.finditer(page.read_text())
]


def pages(entries):
    for entry in entries:
        (found,) = entry.values()
        yield from [found] if isinstance(found, str) else pages(found)


def test_the_site_has_every_page_once():
    found = list(pages(SITE["nav"]))
    assert sorted(found) == sorted({path.name for path in (ROOT / "docs").glob("*.md")} | OUTSIDE)
    assert SITE["strict"] is True
    assert SITE["theme"]["font"] is False


@pytest.mark.parametrize(("page", "mark", "reason", "language", "code"), BLOCKS)
def test_every_block_runs_or_says_why_not(page, mark, reason, language, code):
    if mark == "run by":
        assert (ROOT / reason).exists()
    elif mark == "not run":
        assert len(reason.split()) > 1
    elif language == "python":
        return  # with the others of its page
    else:
        assert language == "sh", "say above it why it is not run: <!-- not run: ... -->"
        for line in code.splitlines():
            if line.startswith("make") and not shutil.which("make"):
                continue
            if not line.startswith("."):  # the activation of the environment, which the test has
                ended = subprocess.run(dry(line), shell=True, cwd=ROOT, env=CHILD, capture_output=True, text=True)
                assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_of_python_run_in_order(page, tmp_path):
    names = {}
    with contextlib.chdir(tmp_path):
        for mark, _, language, code in BLOCK.findall(page.read_text()):
            if language == "python" and not mark and page.name not in ELSEWHERE:
                exec(compile(code, page.name, "exec"), names)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('<script src="assets/a.js"></script><a href="https://arxiv.org">paper</a>', 0),
        ('<script src="https://example.org/a.js"></script>', 1),
        ('<link rel="stylesheet" href="//example.org/a.css">', 1),
        ("<style>@import url('https://example.org/a.css')</style>", 1),
        ('<img alt="x" src=https://example.org/a.png>', 1),
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(tmp_path, text, status):
    (tmp_path / "page.html").write_text(text)
    command = [sys.executable, str(ROOT / "website/offline.py"), str(tmp_path)]
    assert subprocess.run(command, capture_output=True).returncode == status
