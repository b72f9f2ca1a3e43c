#!/bin/sh
# Entry point of the container: makes /output a working copy of the project and runs a profile there. What lies there
# already is kept, so that an interrupted run goes on, with its own settings, when it is started with the same folder.
set -eu
profile=${1:-quick}
pipeline=dvc.yaml
[ "$profile" = quick ] || pipeline=profiles/$profile/dvc.yaml
if [ ! -f "/opt/replication/$pipeline" ]; then
    echo "error: no profile '$profile': choose quick, laptop or paper" >&2
    exit 1
fi
if ! (cd /opt/replication && tar -cf - --exclude=./.venv .) | tar -xf - --no-same-owner --skip-old-files -C /output; then
    echo "error: cannot write to the mounted folder: add --user \"\$(id -u):\$(id -g)\" to docker run" >&2
    exit 1
fi
export PATH="/opt/replication/.venv/bin:$PATH"
cd /output
python -m replication check >/dev/null
python -m dvc repro "$pipeline"
python -m replication verdicts "$profile"
