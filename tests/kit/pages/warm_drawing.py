"""Draws charts in one process for all tests: the engine takes half a second to start.

It remembers what it drew, for many tests draw the same. What the product starts for each page is still a
process of its own; here it hands the charts on.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from socketserver import StreamRequestHandler, UnixStreamServer

from tests.kit.places import ROOT
from tests.kit.stores.servers import UNTIL_WE_END

HAND_ON = """
import socket, sys
with socket.socket(socket.AF_UNIX) as drawing:
    drawing.connect({address!r})
    drawing.sendall(sys.stdin.buffer.read())
    drawing.shutdown(socket.SHUT_WR)
    drawn = drawing.makefile("rb").read()
sys.stdout.buffer.write(drawn)
raise SystemExit(not drawn)
"""


@cache
def _drawn(charts_json: bytes) -> bytes:
    import vl_convert

    return json.dumps([vl_convert.vegalite_to_svg(chart) for chart in json.loads(charts_json)]).encode()


class _Drawing(StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(_drawn(self.rfile.read()))


@contextmanager
def drawing_process(folder: Path) -> Iterator[str]:
    """Start what draws; yield the program that stands in for `svg_charts.DRAW`."""
    address = str(folder / "drawing")
    command = [sys.executable, "-c", UNTIL_WE_END, sys.executable, "-m", __name__, address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield HAND_ON.format(address=address)
        finally:
            process.terminate()


if __name__ == "__main__":
    with UnixStreamServer(sys.argv[1], _Drawing) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()
