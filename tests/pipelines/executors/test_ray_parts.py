"""Proves without a cluster what a part under Ray asks for, how often it is tried, and what of it counts."""

import sys
from types import SimpleNamespace

import pytest

from filtering.embedding.settings import Placement
from filtering.errors import RunError, SettingsError
from pipelines import RayExecutor
from pipelines.executors import ray_executor
from pipelines.worker.worker_settings import PlannedScorer, WorkerSettings
from tests.kit.dumps.small import CUT


@pytest.fixture
def worker_settings(web, tmp_path):
    return WorkerSettings(
        out=str(tmp_path / "out"), scorers=(PlannedScorer(name="web", address=web),), text_column="text",
        keep_at=CUT, write="kept", effort="fast", score_column="edu_score",
    )  # fmt: skip


def cluster_of(*nodes):
    """Return as much of Ray as tells of nodes."""
    listed = [{"Alive": True, "Resources": {"memory": 8 << 30, **node}} for node in nodes]
    return SimpleNamespace(nodes=lambda: listed)


@pytest.mark.parametrize(
    ("effort", "device", "gpus"),
    [("full", "auto", 0.5), ("full", "cuda:0", 0.5), ("full", "cpu", 0.0), ("fast", "auto", 0.0)],
)
def test_parts_ask_for_half_a_gpu_where_they_embed_on_it(worker_settings, effort, device, gpus):
    settings = worker_settings.model_copy(update={"effort": effort, "placement": Placement(device=device)})
    wanted = RayExecutor()._resources(cluster_of({"CPU": 2}, {"CPU": 2, "GPU": 1}), settings)
    assert (wanted["CPU"], wanted["GPU"]) == (1.0, gpus)
    assert RayExecutor()._resources(cluster_of({"CPU": 2}), worker_settings)["GPU"] == 0


@pytest.mark.parametrize(
    ("node", "options", "lacking"),
    [
        ({"CPU": 2}, {"cpus_per_part": 4}, "4 CPU"),
        ({"CPU": 2}, {"memory_per_part_bytes": 1 << 40}, "memory"),
        ({"CPU": 0, "GPU": 1}, {}, "1 CPU"),
    ],
)
def test_a_cluster_without_room_for_a_part_is_refused(worker_settings, node, options, lacking):
    with pytest.raises(SettingsError, match=rf"must have .*{lacking}.*None of 1 has"):
        RayExecutor(**options)._resources(cluster_of(node), worker_settings)


@pytest.mark.parametrize(("lost", "most"), [(False, 3), (True, 20)])
def test_a_part_is_tried_again_until_it_is_to_blame_and_longer_where_it_is_not(lost, most):
    sent = ray_executor._Sent(SimpleNamespace(name="a.parquet"))
    for number in range(1, most):
        sent = ray_executor._next_try(sent, "no reason", lost=lost, tries=3)
        assert (sent.number, sent.told_s, sent.counted) == (number, None, (0, 0, 0))
    with pytest.raises(RunError, match=f"a.parquet failed {most} times: no reason"):
        ray_executor._next_try(sent, "no reason", lost=lost, tries=3)


def test_a_part_is_silent_from_its_last_word_on_and_not_while_it_waits():
    sent = ray_executor._Sent(SimpleNamespace(name="a.parquet"), sent_s=1.0)
    assert sent.silent_s(1000.0) == 0
    sent.told_s = 400.0
    assert sent.silent_s(1000.0) == 600


def test_a_part_that_is_begun_again_takes_back_what_was_counted():
    sent, told = ray_executor._Sent(SimpleNamespace(name="a.parquet")), []
    for totals in ((5, 50, 1), (9, 90, 2), (0, 0, 0)):
        sent.count(totals, lambda *new: told.append(new))
    assert told == [(5, 50, 1), (4, 40, 1), (-9, -90, -2)]


@pytest.mark.parametrize("is_ours", [True, False])
def test_what_ray_prints_is_no_result_where_the_connection_is_ours(is_ours, capsys):
    said = SimpleNamespace(
        is_initialized=lambda: not is_ours,
        init=lambda *address, **options: sys.stdout.write("begun "),
        shutdown=lambda: sys.stdout.write("ended"),
        exceptions=SimpleNamespace(RayError=RuntimeError),
    )
    with ray_executor._connected(said, None, 1):
        sys.stdout.write("at work ")
    out, err = capsys.readouterr()
    assert (out, err) == (("", "begun at work ended") if is_ours else ("at work ", ""))
