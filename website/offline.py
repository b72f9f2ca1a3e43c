"""Ends with an error if a page of the built site would load anything from elsewhere."""

import re
import sys
from pathlib import Path

LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\ssrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon|modulepreload))[^>]*href=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^"')\s]+|url\(["']?(?:https?:)?//[^"')\s]+"""
)


def loaded(site: Path) -> list[str]:
    """`file: what it loads` of every page and style sheet."""
    pages = sorted(path for path in site.rglob("*") if path.suffix in (".html", ".css"))
    return [f"{path}: {match}" for path in pages for match in LOADED.findall(path.read_text(encoding="utf-8"))]


if __name__ == "__main__":
    found = loaded(Path(sys.argv[1]))
    print("\n".join(found) or f"{sys.argv[1]}: nothing is loaded from elsewhere")
    sys.exit(bool(found))
