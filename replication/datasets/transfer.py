"""One address to one local file, and in words why not."""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

TIMEOUT = (10, 60)  # seconds to connect, seconds without a byte
CHUNK = 1 << 20


class Refused(Exception):
    """An address that delivers something other than the file, with the cause in words."""


def transfer(address: str, output: str, _pooch: object) -> None:
    """Pooch's downloader: `address` to the temporary file `output`, which pooch then verifies and moves in place."""
    if address.startswith(("http://", "https://")):
        from pooch import HTTPDownloader

        # identity: a server must not unpack .gz files on the way
        HTTPDownloader(
            progressbar=sys.stderr.isatty(), chunk_size=CHUNK, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}
        )(address, output, None)
    else:
        path = url2pathname(urlparse(address).path) if address.startswith("file://") else address
        _copy(Path(path).expanduser(), output)
    with open(output, "rb") as stream:
        start = stream.read(256).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise Refused("an HTML page instead of data")
    os.chmod(output, 0o644)  # temporary files are private to their owner, data files need not be


def _copy(original: Path, output: str) -> None:
    try:
        stream = original.open("rb")
    except OSError as error:
        missing_folder = "" if original.parent.is_dir() else f": there is no folder {original.parent}"
        raise Refused(f"{error.strerror}{missing_folder}") from None
    with stream, open(output, "wb") as copy:
        shutil.copyfileobj(stream, copy, CHUNK)


def cause(error: Exception) -> str:
    """Why an address did not deliver, in words."""
    from requests import exceptions as web

    match error:
        case Refused():
            return str(error)
        case web.HTTPError():
            return f"HTTP status {getattr(error.response, 'status_code', 'unknown')}"
        case web.Timeout():
            return "no answer in time"
        case web.ChunkedEncodingError():
            return "truncated: the connection closed early"
        case web.SSLError():
            return "certificate not accepted"
        case web.ConnectionError():
            return "host unreachable or connection lost"
        case web.RequestException():
            return f"the request failed: {error}"
        case ValueError():
            return "wrong hash: damaged, truncated or another file"
    return getattr(error, "strerror", None) or type(error).__name__
