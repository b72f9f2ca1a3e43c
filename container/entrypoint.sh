#!/bin/sh
# Entry point of the container: the work is done in the mounted folder /output, the only one that need be writable.
#
#   quick | laptop | paper   run a profile in /output; what lies there is kept, so an interrupted run goes on
#   test                     run the tests that take seconds, in a folder of their own
#   check | verify | verdicts | status | predict FILE ...
#                            the commands of `replication`, on /output
#   --help                   this text and theirs
set -eu
project=/opt/replication

# one line, so that a log tells what a run had
health() {
    memory=$(awk '/^MemAvailable/ { printf "%.1f", $2 / 1048576 }' /proc/meminfo)
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
    case $limit in '' | max) ;; *) memory="$memory (limit $(awk "BEGIN { printf \"%.1f\", $limit / 1073741824 }"))" ;; esac
    device=cpu
    if command -v nvidia-smi >/dev/null 2>&1; then device=$(nvidia-smi -L 2>/dev/null | sed 's/ (UUID.*//' | paste -sd, -); fi
    echo "replication: $(nproc) cores, $memory GiB of memory free, device ${device:-cpu}" >&2
}

# Scratch of libraries lies in the mounted folder: everything else may be read-only, and the caller may be anyone.
use_scratch() {
    if ! mkdir -p /output/.container/tmp 2>/dev/null || [ ! -w /output/.container/tmp ]; then
        echo "error: cannot write to /output: mount a folder of yours there and add --user \"\$(id -u):\$(id -g)\"" >&2
        exit 1
    fi
    export HOME=/output/.container TMPDIR=/output/.container/tmp DVC_SITE_CACHE_DIR=/output/.container/dvc
    export USER="${USER:-reader}" LOGNAME="${LOGNAME:-reader}"
}

# One container at a time: DVC tells runs apart by process ids, which are the same in every container. The system releases
# the lock when the last process ends, however it ends.
claim_folder() {
    exec 9</output/.container
    if ! flock --nonblock 9; then
        echo "error: another container is at work in this folder: wait for it, or mount another one at /output" >&2
        exit 1
    fi
}

# what lies there is kept
copy_project() {
    python "$project/container/copy_project.py" "$project" "$1"
    cd "$1"
}

run_profile() {
    pipeline=dvc.yaml
    [ "$1" = quick ] || pipeline=profiles/$1/dvc.yaml
    copy_project /output
    python -m replication check --profile "$1" >/dev/null
    python -m dvc repro "$pipeline"
    python -m replication verdicts "$1"
}

case ${1:-quick} in
    -h | --help | help)
        sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
        export TERM=dumb HOME=/tmp
        exec python -m replication --help
        ;;
    test)
        shift
        health
        use_scratch
        claim_folder
        copy_project /output/.container/test
        exec python -m pytest -q -p no:cacheprovider -n auto --maxprocesses 4 --dist loadfile -m "not slow" "$@"
        ;;
    check | verify | verdicts | status | predict)
        use_scratch
        cd /output
        if [ "$1" != predict ] && [ ! -f params.yaml ]; then cd "$project"; fi
        exec python -m replication "$@"
        ;;
    *)
        profile=${1:-quick}
        if [ $# -gt 1 ] || { [ "$profile" != quick ] && [ ! -f "$project/profiles/$profile/dvc.yaml" ]; }; then
            echo "error: no command '$*': choose quick, laptop, paper, test, check, verify, predict FILE or --help" >&2
            exit 1
        fi
        health
        use_scratch
        claim_folder
        run_profile "$profile"
        ;;
esac
