"""Pages that come from files outside docs/, so that nothing is said twice: a hook of MkDocs."""

import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
PAGES |= {"data/README.md": "data.md"}
SETTINGS = ("tasks", "network", "training", "infinite_width", "regimes", "random_features", "analysis", "sections")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|!?\[[^\]]*\](?:\([^)]*\))?)*)\]\((?!\w+:)([^)\s#]*)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, and the figures that any page shows."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, "settings.md", content=settings_page()))
    shown = [*(ROOT / source for source in PAGES), *sorted((ROOT / "docs").glob("*.md"))]
    for path in dict.fromkeys(image for page in shown for image in _images(page)):
        files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to files of the project lead to their pages; what has no page is named and not linked."""
    sources = {target: source for source, target in PAGES.items()}
    folder = PurePosixPath(sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")).parent

    def linked(match: re.Match) -> str:
        image, text, target, anchor = match[1], match[2], match[3], match[4] or ""
        if not target:
            return match[0]
        path = (ROOT / folder / target).resolve()
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        uri = {**PAGES, "params.yaml": "settings.md"}.get(name, name.removeprefix("docs/"))
        if files.get_file_from_path(uri) is not None:
            return f"{image}[{text}]({uri}{anchor})"
        return text if path.exists() else match[0]  # what is nowhere, MkDocs complains of

    return LINK.sub(linked, markdown)


def settings_page() -> str:
    """Every section of `defaults` in params.yaml with its comments, then the classes that check them."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    defaults = text.split("\ndefaults:\n")[1].split("\nprofiles:")[0]
    sections = re.split(r"\n(?=  \w+:)", "\n" + defaults.strip("\n"))[1:]
    parts = [
        "# Settings\n\n`params.yaml` as it stands: every value once under `defaults`; under `profiles`, what a"
        " profile has otherwise. `replication check` validates it. Below: [types and bounds](#types-and-bounds)."
    ]
    for section in sections:
        name = section.strip().split(":")[0]
        lines = "\n".join(line.removeprefix("  ") for line in section.rstrip().splitlines())
        parts.append(f"## {name}\n\n```yaml\n{lines}\n```")
    parts.append("## Types and bounds")
    options = '    options: {show_if_no_docstring: true, filters: ["!^_", "!^problems$", "!^model_config$"]}'
    parts += [f"::: replication.settings.{module}\n{options}" for module in SETTINGS]
    return "\n\n".join(parts) + "\n"


def _images(page: Path) -> list[Path]:
    """Figures that a page shows and that lie outside docs/."""
    found = re.findall(r"!\[[^\]]*\]\((?!\w+:)([^)\s]+)\)", page.read_text(encoding="utf-8"))
    paths = [(page.parent / target).resolve() for target in found]
    return [path for path in paths if path.exists() and ROOT / "docs" not in path.parents]
