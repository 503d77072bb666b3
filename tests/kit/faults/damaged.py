"""Flips bits of Parquet files, runs the command over them beside good ones, and counts what came of it.

    .venv/bin/python -m tests.kit.faults.damaged --files 2000

Footers and pages are damaged by turns, of files that differ in codec, encoding, checksums and nesting; one to
three bits each, drawn from a fixed seed. The run must end with 0 or 3, without a traceback, keep all rows of
the good files, and account for each damaged one. The table goes into docs/reliability.md.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.kit.dumps.small import BARE, make_texts
from tests.kit.pages.written_pages import write_between
from tests.kit.places import ROOT
from tests.kit.runs.outcomes import Outcome

EDUFILTER = str(Path(sys.executable).with_name("edufilter"))
ROWS, GOOD = 90, 5
WHERE = ("footer", "page")
FORMS = (
    {"compression": "snappy"},
    {"compression": "zstd", "write_page_checksum": True, "write_page_index": True},
    {"compression": "none", "use_dictionary": False, "data_page_version": "2.0"},
    {"compression": "gzip", "store_schema": False, "version": "1.0"},
)


def make_sound(folder: Path) -> list[Path]:
    """Write one sound file of each form."""
    numbers = list(range(ROWS))
    table = pa.table(
        {
            "text": make_texts(ROWS),
            "id": numbers,
            "day": pa.array(numbers, pa.date32()),
            "tags": [["a", str(number)] for number in numbers],
            "page": [{"site": str(number), "score": number / 7} for number in numbers],
        }
    )
    paths = []
    for number, form in enumerate(FORMS):
        paths.append(folder / f"good-{number}.parquet")
        pq.write_table(table, paths[-1], row_group_size=ROWS // 3, **form)
    return paths


def damaged(sound: list[bytes], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield where a file is damaged, and its bytes."""
    draw = random.Random(seed)
    for number in range(count):
        where = WHERE[number % 2]
        content = bytearray(draw.choice(sound))
        footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
        span = (footer, len(content) - 8) if where == "footer" else (4, footer)
        for _ in range(draw.randint(1, 3)):
            content[draw.randrange(*span)] ^= 1 << draw.randrange(8)
        yield where, bytes(content)


def command(*arguments: object) -> Outcome:
    """Run the installed command."""
    done = subprocess.run([EDUFILTER, *map(str, arguments)], capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr)


def run(command: Callable[..., Outcome], folder: Path, count: int, seed: int = 0) -> Counter[tuple[str, str]]:
    """Run a command over good and damaged files; return how many of these were read, set aside, or deadly.

    Raises
    ------
    AssertionError
        If the run did what it must not.
    """
    dump, out = folder / "dump", folder / "out"
    dump.mkdir()
    good = make_sound(dump)
    places = {}
    for number, (where, content) in enumerate(damaged([path.read_bytes() for path in good], count, seed)):
        path = dump / f"bad-{number:05}.parquet"
        path.write_bytes(content)
        places[path.name] = where
    done = command(
        "filter", dump, *BARE, "--scorer", "web", "--write", "all", "--text-column", "text", "--out", out
    )
    assert done.code in (0, 3), done.err
    assert "Traceback" not in done.err, done.err
    for path in good:
        assert pq.read_table(out / "data" / path.name)["id"].to_pylist() == list(range(ROWS)), path.name
    why = {
        one["relative"]: one["why"]
        for one in json.loads((out / "run" / "manifest.json").read_text())["set_aside"]
    }
    read = set(pq.read_table(out / "run" / "manifest.parquet")["relative"].to_pylist())
    tally: Counter[tuple[str, str]] = Counter()
    for name, where in places.items():
        assert name in why or name in read, f"{name} is not accounted for"
        fate = "read" if name not in why else "deadly" if "ends the process" in why[name] else "set aside"
        tally[where, fate] += 1
    return tally


def main() -> None:
    """Write the table of the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reliability.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(command, Path(folder), given.files)
    lines = ["| damaged | files | read | set aside by name | of these, such that ended their reader |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for where in WHERE:
        read, aside, deadly = (tally[where, fate] for fate in ("read", "set aside", "deadly"))
        lines.append(f"| {where} | {read + aside + deadly:,} | {read:,} | {aside + deadly:,} | {deadly} |")
    lines += ["", f"`python -m tests.kit.faults.damaged --files {given.files}`"]
    write_between(given.page, "tests.kit.faults.damaged", "\n".join(lines))


if __name__ == "__main__":
    main()
