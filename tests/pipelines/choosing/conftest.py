"""What tests of cuts share: labels, a run to choose for, and fewer rounds of resampling."""

import pyarrow.parquet as pq
import pytest

import filtering.judging.bands
from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.choices import stored_rows, write_mixed_dump
from tests.kit.labels.fresh import fresh_table
from tests.kit.made_once import made_once
from tests.kit.runs.outcomes import QUIET


@pytest.fixture
def in_fewer_rounds(monkeypatch):
    """Resample less: that bands hold is proved in `test_bands.py`."""
    monkeypatch.setattr(filtering.judging.bands, "ROUNDS", 400)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """Return a file of labels that no scorer was fitted to."""
    path = tmp_path_factory.mktemp("labels") / "fresh.parquet"
    pq.write_table(fresh_table(), path)
    return path


@pytest.fixture(scope="session")
def scored(trained, dump, tmp_path_factory):
    """Return a run of the trained scorer over the dump. Not to be written to."""

    def make(folder):
        given = {"inputs": [str(dump)], "scorer": trained.out, "effort": "fast"}
        filter_dump(FilterConfig(**given, out=folder / "out"), reporter=QUIET)

    return made_once(tmp_path_factory, "scored", make) / "out"


@pytest.fixture(scope="session")
def mixed(web, tmp_path_factory):
    """Return a dump of languages and sites, a run over it, and what that stored. Not to be written to."""

    def make(folder):
        source, out = write_mixed_dump(folder / "dump"), folder / "out"
        config = FilterConfig(
            inputs=[str(source)], out=out, scorer=web, effort="fast", rows_per_part=30, workers=1, keep_at=1.0
        )
        filter_dump(config, reporter=QUIET)

    folder = made_once(tmp_path_factory, "mixed", make)
    source, out = folder / "dump", folder / "out"
    return source, out, stored_rows(out, source)
