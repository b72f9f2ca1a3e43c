#!/bin/sh
# Creates .venv from requirements.txt, every package pinned and checked against its hash; does nothing if it is there.
set -eu
cd "$(dirname "$0")"
# no packages from elsewhere before those of the lock, and none of them to another place
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX
export PYTHONNOUSERSITE=1

if cmp -s requirements.txt .venv/complete; then exit 0; fi
# another that is at it is waited for: two at once would delete each other's work
exec 9<environment.sh
if command -v flock >/dev/null 2>&1; then flock 9; fi
if cmp -s requirements.txt .venv/complete; then exit 0; fi

suitable='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
python=
for candidate in python3 python3.11 python3.12 python; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$suitable" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: no Python 3.11 or 3.12 with its venv module found: install one (on Debian: python3 and python3-venv)" >&2
    exit 1
fi

echo "creating the environment in .venv (once; a minute or two)"
rm -rf .venv
"$python" -m venv .venv
# First the installer and the build tool, by pip, from the same lock; then everything. Hashes are checked in both steps.
awk '/^[^ ]/ { keep = /^(uv|setuptools)==/ } keep' requirements.txt >.venv/first.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/first.txt
if ! .venv/bin/python -m uv pip install --quiet --python .venv/bin/python --require-hashes --no-build-isolation \
        --system-certs --compile-bytecode --requirement requirements.txt; then
    echo "the fast installer failed, trying pip (a few minutes)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation \
        --requirement requirements.txt
fi
cp requirements.txt .venv/complete
