"""Arms: which documents they draw, that these are disjoint from what is held out, and of equal bytes."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from pipelines import FilterConfig, ProveConfig, filter_dump
from pipelines.proof import arms as arms_module
from pipelines.proof.arms import LEAKED, REPEATED, ArmDrawer, ArmPart
from pipelines.proof.draws import Drawn, Source, Wanted, find_candidates, keys_of
from pipelines.proof.evaluation_leaks import EvaluationLeaks
from pipelines.proof.evaluation_texts import Evaluation, Item
from pipelines.proof.look_alikes import look_alikes
from pipelines.settings.proof import Members, read_arm
from tests.kit.dumps.small import CUT, make_texts
from tests.kit.runs.outcomes import QUIET

SITES = 40
SECRET = "The heaviest known lizard of the island eats crabs, eggs, deer, goats and the odd careless tourist."
PAIR = "def area_of_ring(outer, inner):\n    big = outer ** 2 * 3.1416\n    small = inner ** 2 * 3.1416\n    "
CODE = "total = big - small\n    if total < 0:\n        total = -total\n    return round(total, 2)\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Source:
    """Return a run over 900 documents of 40 sites, some of them twice, with texts of evaluations in two."""
    folder = tmp_path_factory.mktemp("proof")
    texts = make_texts(880, seed=7)
    texts += [*texts[:18], f"{texts[0]} {SECRET} {texts[1]}", f"{texts[2]}\n\n{PAIR}{CODE}"]
    sites = [f"site-{number % SITES}.example" for number in range(len(texts))]
    for number in range(3):
        rows = slice(number * 300, (number + 1) * 300)
        table = pa.table({"text": texts[rows], "domain": sites[rows]})
        (folder / "dump").mkdir(exist_ok=True)
        pq.write_table(table, folder / "dump" / f"{number}.parquet", row_group_size=50)
    out = folder / "out"
    config = FilterConfig(
        inputs=[folder / "dump"],
        out=out,
        scorer="web",
        effort="fast",
        keep_at=CUT,
        workers=1,
        rows_per_part=100,
    )
    filter_dump(config, reporter=QUIET)
    return Source(str(out))


def drawer(source, *words, evaluations=(), against=None, **more) -> ArmDrawer:
    arms = ProveConfig(run="a", out="b", arms=words, against=against and "c").all_arms
    return ArmDrawer(source, against, arms, EvaluationLeaks(evaluations), **more)


@pytest.fixture(scope="module")
def drawn(source):
    """Return a draw of all arms, with some of every kind."""
    words = (
        "again=score>=0",
        "high=top 10%",
        "mix=kept:0.75, random:0.25",
        "curve=score>=3*3, score>=1.5, score<1*.5",
    )
    return drawer(source, *words).draw(60_000, 0)


def documents(drawn, name):
    return [one for piece in drawn.arms[name] for one in piece.documents]


def test_arms_hold_what_their_words_say(drawn, source):
    assert min(one.score for one in documents(drawn, "kept")) >= CUT
    assert max(one.score for one in documents(drawn, "dropped")) < CUT
    assert max(one.score for one in documents(drawn, "style")) < CUT
    scores = [one.score for one in documents(drawn, "random")]
    assert min(scores) < CUT < max(scores)
    every = np.concatenate([source.decisions.of_part(part).value for part in source.parts])
    assert min(one.score for one in documents(drawn, "high")) >= np.quantile(every, 0.9) - 0.01
    assert {one.place for one in documents(drawn, "again")} == {
        one.place for one in documents(drawn, "random")
    }
    high, middle, low = drawn.arms["curve"]
    assert min(one.score for one in high.documents) >= 3
    assert all(CUT <= one.score < 3 for one in middle.documents)
    assert all(one.score < 1 for one in low.documents)
    assert (high.repeats, middle.repeats, low.repeats) == (3.0, 1.0, 0.5)
    assert [one.share for one in drawn.arms["mix"]] == pytest.approx([0.75, 0.25])


def test_all_arms_have_equal_bytes_whatever_the_repeats(drawn):
    _, most = drawn.shortest
    count = min(int(most), 50_000)
    for pieces in drawn.arms.values():
        sizes = [sum(one.size for one in piece.taken(count)) for piece in pieces]
        assert sizes == pytest.approx([count * piece.share for piece in pieces], abs=2)


def test_a_document_that_repeats_comes_as_often_as_it_should():
    some = tuple(Drawn("x" * 100, 1.0, key, "a", "f", key) for key in range(10))
    taken = ArmPart(some, 1.0, 2.5).taken(1000)
    times = [sum(one.row == row for one in taken) for row in range(10)]
    assert sum(one.size for one in taken) == 1000
    assert times == [3, 3, 2, 2, 0, 0, 0, 0, 0, 0] or times == [3, 2, 2, 2, 0, 0, 0, 0, 0, 0]
    assert ArmPart(some, 1.0, 0.5).most_bytes == 1000
    assert ArmPart(some, 0.5, 4.0).most_bytes == 8000


def test_no_group_is_both_held_out_and_read(drawn):
    held = {one.group for some in drawn.held_out.documents.values() for one in some}
    read = {one.group for name in drawn.arms for one in documents(drawn, name)}
    assert held
    assert not held & read
    assert set(drawn.held_out.documents) >= {"kept", "random", "dropped"}
    assert "style" not in drawn.held_out.documents
    assert "again" not in drawn.held_out.documents  # it would be the same as random


def test_another_seed_draws_others_and_holds_out_the_same(source):
    one = drawer(source)
    first = one.draw(25_000, 0)
    second = one.draw(25_000, 1, first.held_out)
    assert second.held_out == first.held_out
    assert {d.place for d in documents(first, "random")} != {d.place for d in documents(second, "random")}
    held = {d.place for some in first.held_out.documents.values() for d in some}
    assert not held & {d.place for d in documents(second, "random")}
    assert one.draw(25_000, 0) == first


def test_near_duplicates_come_once_and_items_of_evaluations_never(source):
    item = Evaluation("lizards", (Item("What eats crabs?", SECRET),), "completion", 1)
    code = Evaluation("rings", (Item(PAIR, CODE),), "completion", 1)
    found = drawer(source, evaluations=(item, code)).draw(10**9, 0)
    texts = [one.text for name in found.arms for one in documents(found, name)]
    assert not any(SECRET in text or "area_of_ring" in text for text in texts)
    random = [one.text for one in documents(found, "random")]
    assert len(random) == len(set(random))
    assert found.removed[LEAKED] >= 2
    assert found.removed[REPEATED] >= 18


def test_what_another_run_keeps_is_an_arm_of_its_own(source, tmp_path):
    other = tmp_path / "other"
    config = FilterConfig(
        inputs=[source.parts[0].path.rpartition("/")[0]], out=other, scorer="web", effort="fast", keep_at=2.5,
        workers=1,
    )  # fmt: skip
    filter_dump(config, reporter=QUIET)
    found = drawer(source, against=Source(str(other))).draw(20_000, 0)
    assert min(one.score for one in documents(found, "against")) >= 2.5
    kept = {one.place for one in documents(found, "kept")}
    assert {one.place for one in documents(found, "against")} & kept  # equal keys: they share what both keep


def test_a_model_that_will_repeat_its_text_repeats_it_here(source):
    tokens = source.rows * source.mean_bytes  # about four times what the run has
    found = drawer(source, repeat_as_for=tokens).draw(20_000, 0)
    repeats = {name: found.arms[name][0].repeats for name in ("kept", "random")}
    assert 3 < repeats["random"] < 6
    assert repeats["kept"] > 1.5 * repeats["random"]


def test_an_arm_with_too_little_text_says_how_much_there_is(source, monkeypatch):
    with pytest.raises(SettingsError, match=r"'none' has 0 in .*held out to measure on") as refused:
        drawer(source, "none=score>=4.99 score<5").draw(20_000, 0)
    assert "edufilter recut" in str(refused.value)
    monkeypatch.setattr(arms_module, "LEAST_BYTES", 10**9)
    with pytest.raises(SettingsError, match="at least 1,000,000,000 bytes"):
        drawer(source).draw(20_000, 0)


def test_a_run_without_scores_and_inputs_that_are_gone_are_refused(source, tmp_path):
    with pytest.raises(OutputError, match="must hold a run"):
        Source(str(tmp_path / "nothing"))
    moved = [replace(part, path=f"{part.path}.gone") for part in source.parts]
    gone = Source(source.out)
    gone.parts = moved
    with pytest.raises(SettingsError, match="must be as they were"):
        drawer(gone).draw(20_000, 0)


def test_keys_follow_from_file_and_row_not_from_parts(source):
    whole = {}
    for part in source.parts:
        for row, key in zip(part.row_range, keys_of(part, 3).tolist(), strict=True):
            whole[part.relative, row] = key
    assert len(set(whole.values())) == len(whole) == source.rows
    half = replace(source.parts[0], rows=30)
    assert keys_of(half, 3).tolist() == keys_of(source.parts[0], 3)[:30].tolist()
    assert keys_of(half, 4).tolist() != keys_of(half, 3).tolist()


def test_the_smallest_keys_are_drawn_whatever_the_order_of_parts(source):
    sets, numbers = [Wanted(Members("random"))], list(range(len(source.parts)))
    (one,) = find_candidates(source, sets, numbers, [50], 0)
    (other,) = find_candidates(source, sets, numbers[::-1], [50], 0)
    every = np.sort(np.concatenate([keys_of(part, 0) for part in source.parts]))[:50]
    assert one.key.tolist() == other.key.tolist() == every.tolist()
    assert one.count == source.rows


def test_look_alikes_are_matched_by_layout_and_each_once():
    lists = ["".join(f"- item {row} of {at}\n" for row in range(20)) for at in range(5)]
    prose = [
        f"A long line of prose, number {at}, that goes on and on without a break. " * 12 for at in range(5)
    ]
    other_lists = ["".join(f"- thing {row + at}\n" for row in range(22)) for at in range(4)]
    other_prose = [
        f"Some other sentence {at}, about something else, in one long line. " * 12 for at in range(9)
    ]
    candidates = other_prose + other_lists
    found = look_alikes(lists[:4] + prose, ["a"] * 9, candidates, ["b"] * 13).tolist()
    assert len(set(found)) == 9
    assert all(place >= len(other_prose) for place in found[:4])
    assert all(place < len(other_prose) for place in found[4:])


def test_an_arm_is_what_its_words_say_in_the_plan_too():
    assert json.loads(json.dumps(ProveConfig(run="a", out="b", arms=["x=top 5%"]).model_dump(mode="json")))[
        "arms"
    ] == ["x=top 5%"]
    assert read_arm("x=top 5%").words == "top 5%"
