#!/bin/sh
# Resolves pyproject.toml, the extra `all` and the dev group, to requirements.txt: pins and hashes only, no addresses and no
# paths. Pins that stand there are kept where they still fit; `./lock.sh --upgrade` renews them all.
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# worked on in a temporary folder, so that a failure leaves the old lock as it was
cp pyproject.toml requirements.txt "$folder"
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --extra all --group "$folder/pyproject.toml:dev" "$@" \
    --output-file "$folder/requirements.txt" "$folder/pyproject.toml"
mv "$folder/requirements.txt" requirements.txt
