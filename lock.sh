#!/bin/sh
# Resolves pyproject.toml to requirements.txt: pins and hashes only, no addresses and no paths.
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp pyproject.toml README.md "$folder"
# the resolver's own lock file holds addresses, so it stays in the temporary folder
uv lock --quiet --project "$folder"
uv export --quiet --project "$folder" --frozen --no-emit-project --no-annotate --no-header \
    --format requirements.txt >"$folder/requirements.txt"
mv "$folder/requirements.txt" requirements.txt
