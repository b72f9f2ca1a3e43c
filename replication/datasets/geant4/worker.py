"""The child process in which Geant4 runs: `python -m replication.datasets.geant4.worker`.

Geant4 can be initialised once in a process and crashes at its end, so the process that wants showers never imports it.
Each line of the standard input is a request (JSON): `path`, `particle` and `showers`, as `Session.simulate` takes them.
The answer is the file `path` (see `chunks`). On the standard output goes a dot for each shower and a line feed for each
file; what Geant4 itself would print there is thrown away. The process ends where its input ends.
"""

import json
import os
import signal
import sys
from pathlib import Path

from replication.datasets.geant4 import chunks


def serve() -> None:
    """Answer requests until there are none; see the module."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # where nobody listens any more: end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends this process
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from replication.datasets.geant4.session import Session

    session = Session(lambda: os.write(answers, b"."))
    for line in sys.stdin:
        request = json.loads(line)
        chunks.write(Path(request["path"]), session.simulate(request["particle"], request["showers"]))
        os.write(answers, b"\n")


if __name__ == "__main__":
    try:
        serve()
        status = 0
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        status = 1
    os._exit(status)  # not through Geant4's destructors
