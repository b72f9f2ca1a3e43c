#!/bin/sh
# Resolves pyproject.toml, the extra `all` and the dev group, to requirements.txt: pins and hashes only, no addresses and no
# paths. Pins that stand there are kept where they still fit; `./lock.sh --upgrade` renews them all. From that follow the locks
# of the image for GPUs, requirements-cuda.txt; beside it stand those of what the image has besides, container/requirements.txt,
# and of what builds the documentation's site, website/requirements.txt.
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# worked on in a temporary folder, so that a failure leaves the old locks as they were
cp pyproject.toml requirements.txt "$folder"
cp container/requirements.txt "$folder/container.txt"
cp website/requirements.txt "$folder/website.txt"

compile() {
    uv pip compile --quiet --python-version 3.11 --generate-hashes --no-annotate --no-header "$@"
}

project="--extra all --group $folder/pyproject.toml:dev"
# shellcheck disable=SC2086 # several words
compile --universal $project "$@" --output-file "$folder/requirements.txt" "$folder/pyproject.toml"
cp "$folder/requirements.txt" "$folder/cuda.txt" # the same pins, on the Python and the machines of that image
# shellcheck disable=SC2086
compile --python-platform x86_64-manylinux_2_28 $project --group "$folder/pyproject.toml:cuda" \
    --output-file "$folder/cuda.txt" "$folder/pyproject.toml"
compile --universal "$@" --output-file "$folder/container.txt" container/requirements.in
compile --universal "$@" --output-file "$folder/website.txt" website/requirements.in
mv "$folder/requirements.txt" requirements.txt
mv "$folder/cuda.txt" requirements-cuda.txt
mv "$folder/container.txt" container/requirements.txt
mv "$folder/website.txt" website/requirements.txt
