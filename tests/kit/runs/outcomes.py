"""What came of a command line or a run, and reporters that say nothing and that remember."""

import json
from contextlib import nullcontext
from dataclasses import dataclass

from pipelines.progress import ConsoleReporter
from tests.kit.dumps.small import CUT

QUIET = ConsoleReporter("none")


class Recorder:
    """A reporter that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message):
        self.said.append(message)

    def track(self, meter):
        return nullcontext()


@dataclass(frozen=True)
class Outcome:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it printed."""
        return self.out + self.err


def manifest_of(out):
    """Return what a run told of itself."""
    return json.loads((out / "run" / "manifest.json").read_text())


def assert_each_row_once(dump, out):
    """Check with DuckDB that the rows kept, with their scores, are those of the dump that reach the cut."""
    import duckdb  # not above: commands that begin warm do without

    stored = out / "run" / "scores"
    names = sorted(path.relative_to(stored).as_posix() for path in stored.rglob("*.parquet"))
    by_file = {}
    for name in names:
        source = name.split(".part-")[0].removesuffix(".parquet") + ".parquet"
        by_file.setdefault(source, []).append(stored / name)
    scored = {}
    for source, paths in by_file.items():
        ids = duckdb.sql(f"SELECT id FROM read_parquet('{dump / source}')").fetchall()
        parts = [duckdb.sql(f"SELECT edu_score FROM read_parquet('{path}')").fetchall() for path in paths]
        scores = [score for part in parts for score in part]
        assert len(ids) == len(scores)
        for (row,), (score,) in zip(ids, scores, strict=True):
            assert row not in scored
            scored[row] = score
    kept = duckdb.sql(f"SELECT id, edu_score FROM read_parquet('{out}/data/**/*.parquet')").fetchall()
    everything = duckdb.sql(f"SELECT id FROM read_parquet('{dump}/**/*.parquet')").fetchall()
    assert sorted(scored) == sorted(row for (row,) in everything)
    assert sorted(kept) == sorted((row, score) for row, score in scored.items() if score >= CUT)
    assert 0 < len(kept) < len(everything)
