"""What tests of cuts share: labels, a run to choose for, and fewer rounds of resampling."""

import pyarrow.parquet as pq
import pytest
from fresh_labels import fresh_table
from runs import QUIET

import filtering.judging.bands
from pipelines import FilterConfig, filter_dump


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
    out = tmp_path_factory.mktemp("scored") / "out"
    filter_dump(FilterConfig(inputs=[str(dump)], out=out, scorer=trained.out, effort="fast"), reporter=QUIET)
    return out
