"""Recorded replies, served in place of the emulator's own.

A folder holds a file a reply: `METHOD path.N.json` or `METHOD path.N.http`, with `+` for each slash of the path and a
number N that puts the replies to one request in order, for instance `GET v1+me+player+recently-played.1.json`. The
query does not matter. A `.json` file is the body of a 200; a `.http` file is a whole reply as `curl -i` prints it:
status line, headers, an empty line, the body. Each is served once; after the last the emulator answers for itself.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from email.parser import BytesParser
from pathlib import Path

from fastapi import Response

_NAME = re.compile(r"(?P<method>[A-Z]+) (?P<path>.+?)\.(?P<number>\d+)\.(?P<kind>json|http)")
_NOT_REPEATED = {"content-length", "content-encoding", "transfer-encoding", "connection"}


class Recordings:
    """The recorded replies that were not served yet."""

    def __init__(self, folder: Path | None = None) -> None:
        """Take note of a folder's files. Raises ValueError for a file whose name says no request."""
        self._left: dict[tuple[str, str], deque[Path]] = defaultdict(deque)
        files = []
        for file in folder.iterdir() if folder else ():
            named = _NAME.fullmatch(file.name)
            if named is None:
                raise ValueError(f"{file} is no recorded reply: name it like `GET v1+me.1.json`")
            request = (named["method"], "/" + named["path"].replace("+", "/").strip("/"))
            files.append((int(named["number"]), request, file))
        for _, request, file in sorted(files):
            self._left[request].append(file)

    def next(self, method: str, path: str) -> Response | None:
        """The next recorded reply to a request, if there is one left. Raises ValueError for a file that is no reply."""
        left = self._left.get((method, path))
        return _reply(left.popleft()) if left else None


def _reply(file: Path) -> Response:
    content = file.read_bytes()
    if file.suffix == ".json":
        return Response(content, media_type="application/json")
    head, gap, body = content.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    status, _, headers = head.partition(b"\n")
    words = status.split()
    if not gap or len(words) < 2 or not words[1].isdigit():
        raise ValueError(f"{file} is no HTTP reply as `curl -i` prints it")
    named = BytesParser().parsebytes(headers)
    kept = {name: value for name, value in named.items() if name.lower() not in _NOT_REPEATED}
    return Response(body, int(words[1]), kept)
