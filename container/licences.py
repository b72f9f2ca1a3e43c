"""Prints the table of docs/licences.md: every package of the lock with the licence that it declares."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path


def licence(name: str) -> str:
    """The expression, or else the classifiers, or else the first line of the text that the package declares."""
    declared = metadata(name)
    classifiers = [
        line.split(" :: ")[-1] for line in declared.get_all("Classifier") or [] if line.startswith("License :: ")
    ]
    text = (declared["License"] or "").strip().splitlines() or ["not declared"]
    return declared["License-Expression"] or ", ".join(classifiers) or text[0][:60]


def main() -> None:
    """Print the table."""
    lock = Path(__file__).parents[1].joinpath("requirements.txt").read_text(encoding="utf-8")
    print("| package | licence |\n|---|---|")
    for name in sorted(set(re.findall(r"^([a-z][^ =\[]*)", lock, re.M))):
        try:
            print(f"| {name} | {licence(name)} |")
        except PackageNotFoundError:
            print(f"| {name} | of another Python or machine |")


if __name__ == "__main__":
    main()
