"""Proves that each way to choose keeps exactly what it says, whatever the number of workers."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, RecutConfig, estimate_recut, filter_dump, recut_run, verify_run
from pipelines.choosing import rules
from pipelines.choosing.choice_tables import SHOWN, told_of
from pipelines.choosing.curve import class_edges
from pipelines.choosing.scored_rows import ScoredRows
from pipelines.run_folder.folder import RunFolder
from pipelines.worker.copies import rows_with_copies
from tests.kit.dumps.choices import best_first, ids, within, written
from tests.kit.dumps.small import lasting, make_texts
from tests.kit.runs.outcomes import QUIET


@pytest.fixture
def choose(mixed, tmp_path):
    """Return a function that recuts the run, and gives the rows that are written."""

    def run(name="cut", **changes):
        recut_run(RecutConfig(run=mixed[1], to=tmp_path / name, **changes), reporter=QUIET)
        assert verify_run(str(tmp_path / name)) == []
        return written(tmp_path / name)

    return run


def of(rows, language):
    return [row for row in rows if row["language"] == language]


def tokens(rows):
    return sum(row["size"] for row in rows) / 4


@pytest.mark.parametrize("share", [0.01, 0.3, 0.77, 1.0])
def test_a_budget_of_tokens_keeps_the_best_documents_until_the_next_would_exceed_it(mixed, choose, share):
    rows = best_first(mixed[2])
    budget = share * tokens(rows)
    assert ids(choose(keep_tokens=budget)) == ids(within(rows, 4 * budget + 0.5))


@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_a_share_by_language_keeps_the_best_of_each_and_the_whole_share_to_the_document(
    mixed, choose, fraction
):
    kept = choose(by="language", keep_fraction=fraction)
    assert len(kept) == round(fraction * len(mixed[2]))
    for language in ("en", "de", "fr", None):
        mine = of(mixed[2], language)
        count = len(of(kept, language))
        assert abs(count - fraction * len(mine)) < 1
        assert ids(of(kept, language)) == ids(best_first(mine)[:count])


def test_a_balanced_share_keeps_as_much_of_each_value_as_far_as_it_goes(mixed, choose):
    kept = Counter(row["language"] for row in choose(by="language", keep_fraction=0.6, balance=True))
    there = Counter(row["language"] for row in best_first(mixed[2]))
    assert kept["fr"] == there["fr"]
    assert kept[None] == there[None]
    assert kept.total() == round(0.6 * len(mixed[2]))
    assert max(kept.values()) - kept["de"] <= 1 or kept["de"] == there["de"]


def test_budgets_by_slice_are_met_to_the_document_and_no_quota_is_broken(mixed, choose):
    rows = best_first(mixed[2])
    budget = 0.4 * tokens(rows)
    least, most = 0.13 * budget, 0.45
    kept = choose(by="language", keep_tokens=budget, at_least=least, at_most=most)
    assert tokens_of(kept, mixed) <= budget
    largest = max(row["size"] for row in rows) / 4
    for language in ("en", "de", "fr", None):
        mine = [row for row in rows if row["language"] == language]
        chosen = {row["id"] for row in of(kept, language)}
        assert chosen == {row["id"] for row in mine[: len(chosen)]}
        used = tokens([row for row in mine if row["id"] in chosen])
        assert used <= most * budget
        assert used >= min(least, tokens(mine))
    assert tokens_of(kept, mixed) > budget - largest


def tokens_of(kept, mixed):
    sizes = {row["id"]: row["size"] for row in mixed[2]}
    return sum(sizes[row["id"]] for row in kept) / 4


def test_a_table_of_many_values_has_the_smaller_ones_together(mixed, tmp_path):
    config = RecutConfig(run=mixed[1], to=tmp_path / "cut", by="many", keep_tokens=5000.0)
    found = estimate_recut(config, reporter=QUIET)
    assert len(found.slices) == len(mixed[2])
    [table] = told_of(found).tables
    *_, rest, total = table.rows
    assert len(table.rows) == SHOWN + 1
    assert rest[0] == f"({len(mixed[2]) - SHOWN + 1} others)"
    kept = [int(row[2].rpartition(" ")[2].replace(",", "")) for row in table.rows]
    assert sum(kept[:-1]) == kept[-1] == found.total.chosen.documents
    assert sum(row[1] for row in table.rows[:-1]) == total[1] == len(mixed[2])


def test_a_column_of_one_value_is_said_to_part_nothing(mixed, tmp_path):
    config = RecutConfig(run=mixed[1], to=tmp_path / "cut", by="path:1", keep_tokens=5000.0)
    found = estimate_recut(config, reporter=QUIET)
    [only] = found.slices
    assert f"all documents have one value, {only.name!r}: nothing parts them" in told_of(found).sentences
    plain = estimate_recut(config.model_copy(update={"by": None}), reporter=QUIET)
    assert not any("one value" in one for one in told_of(plain).sentences)


def test_a_floor_never_gives_way(mixed, choose):
    floor = float(np.median([row["score"] for row in best_first(mixed[2])]))
    kept = choose(by="language", keep_at=5.0, at_least=1000, floor=floor)
    assert ids(kept) == ids([row for row in best_first(mixed[2]) if row["score"] >= np.float32(floor)])
    drawn = choose("drawn", keep_fraction=0.3, temperature=3.0, floor=floor)
    assert min(row["edu_score"] for row in drawn) >= np.float32(floor)
    assert len(drawn) == round(0.3 * len(mixed[2]))


def test_a_cut_with_a_quota_for_each_value_keeps_the_cut_of_all_others(mixed, choose):
    cut = best_first(mixed[2])[40]["score"]
    kept = choose(by="language", keep_at=cut, at_least=9)
    for language in ("en", "de", "fr", None):
        mine = best_first(of(mixed[2], language))
        above = sum(row["score"] >= cut for row in mine)
        assert ids(of(kept, language)) == ids(mine[: max(above, 9)])


def test_a_draw_is_exact_and_the_same_for_any_number_of_workers(mixed, choose, tmp_path):
    first = choose("one", keep_fraction=0.3, temperature=1.0, workers=1)
    choose("three", keep_fraction=0.3, temperature=1.0, workers=3)
    assert len(first) == round(0.3 * len(mixed[2]))
    assert lasting(tmp_path / "one") == lasting(tmp_path / "three")
    other = choose("other", keep_fraction=0.3, temperature=1.0, seed=1)
    assert ids(other) != ids(first)
    means = [np.mean([row["edu_score"] for row in rows]) for rows in (first, other)]
    everything = np.mean([row["score"] for row in best_first(mixed[2])])
    assert min(means) > everything


def test_a_draw_favours_scores_by_its_temperature(mixed, choose):
    rows = best_first(mixed[2])
    cold, hot = (choose(str(at), keep_fraction=0.3, temperature=at) for at in (0.05, 50.0))
    cut = set(ids(rows[: len(cold)]))
    assert len(cut & {*ids(cold)}) > 0.8 * len(cold) > len(cut & {*ids(hot)})


@pytest.mark.parametrize(("temperature", "odds"), [(1.0, np.e), (0.5, np.e**2), (10.0, np.e**0.1)])
def test_of_two_documents_a_draw_takes_the_better_one_by_the_odds_of_its_temperature(
    mixed, temperature, odds
):
    pairs = 20_000
    part = replace(RunFolder(str(mixed[1])).read_plan().parts[0], first_row=0, rows=2 * pairs)
    score, nothing = np.tile(np.float32([3, 2]), pairs), np.zeros(2 * pairs, np.int64)
    config = RecutConfig(run="a", to="b", keep_fraction=0.5, temperature=temperature)
    code = rules._by_score(config, temperature, rules._one)(ScoredRows(part, score, nothing, nothing)).code
    share = (code[::2] > code[1::2]).mean()
    assert share == pytest.approx(odds / (1 + odds), abs=0.015)  # four standard errors


def test_a_temperature_of_0_is_the_cut(choose, tmp_path):
    choose("cut", keep_tokens=3000)
    choose("cold", keep_tokens=3000, temperature=0.0)
    assert lasting(tmp_path / "cut") == lasting(tmp_path / "cold")


def test_a_curve_meets_its_budget_to_the_document_and_drops_the_worst(mixed, choose):
    rows = best_first(mixed[2])
    budget = 1.7 * tokens(rows)
    kept = choose(curve=True, keep_tokens=budget, drop_lowest=0.4, max_repeat=7.0)
    sizes = {row["id"]: row["size"] for row in rows}
    used = sum(sizes[row["id"]] * row["edu_repeat"] for row in kept) / 4
    assert budget - max(sizes.values()) / 4 < used <= budget
    assert len(kept) <= 0.6 * len(rows)
    assert min(row["edu_repeat"] for row in kept) >= 1
    assert max(row["edu_repeat"] for row in kept) <= 7
    best = {*ids(rows[: len(rows) // 10])}
    mean = {True: [], False: []}
    for row in kept:
        mean[row["id"] in best].append(row["edu_repeat"])
    assert np.mean(mean[True]) > np.mean(mean[False]) + 2


def test_classes_of_a_curve_are_of_equal_ranks_and_rise(mixed, tmp_path):
    budget = tokens(best_first(mixed[2]))
    config = RecutConfig(run=mixed[1], to=tmp_path / "cut", curve=True, keep_tokens=budget)
    found = estimate_recut(config, reporter=QUIET)
    assert not (tmp_path / "cut").exists()
    assert len(found.classes) == len(class_edges(0.4)) - 1
    means = [one.chosen.used / one.there.documents for one in found.classes]
    assert np.diff(means).max() < 0.25  # some are drawn
    assert means[0] == max(means) <= 7
    assert found.total.chosen.tokens <= budget


def test_equal_scores_are_of_one_class_of_a_curve(web, tmp_path):
    texts = ["Water enters through the roots."] * 70 + ["Buy now!"] * 30
    pq.write_table(pa.table({"id": range(100), "text": texts}), tmp_path / "a.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "a.parquet")], out=tmp_path / "out", scorer=web, effort="fast"
    )
    filter_dump(config, reporter=QUIET)
    chosen = RecutConfig(
        run=tmp_path / "out", to=tmp_path / "cut", curve=True, keep_tokens=700.0, max_repeat=2.0
    )
    recut_run(chosen, reporter=QUIET)
    rows = written(tmp_path / "cut")
    assert {row["text"] for row in rows} == {texts[0]}
    assert sum(row["edu_repeat"] for row in rows) == 700 * 4 // len(texts[0])
    assert {row["edu_repeat"] for row in rows} == {1, 2}


def test_a_curve_within_each_language_gives_each_its_share(mixed, choose):
    rows = best_first(mixed[2])
    budget = 1.2 * tokens(rows)
    kept = choose(curve=True, keep_tokens=budget, by="language")
    sizes = {row["id"]: row["size"] for row in rows}
    largest = max(sizes.values()) / 4
    for language in ("en", "de", "fr", None):
        mine = [row for row in rows if row["language"] == language]
        used = sum(sizes[row["id"]] * row["edu_repeat"] for row in of(kept, language)) / 4
        more = 3 * largest if language == "en" else 1  # it gets what whole documents leave of the others
        assert 1.2 * tokens(mine) - largest < used <= 1.2 * tokens(mine) + more
        assert len(of(kept, language)) <= 0.6 * len(mine) + 1
    assert budget - largest < sum(sizes[row["id"]] * row["edu_repeat"] for row in kept) / 4 <= budget


def test_repeats_by_hand_are_exact_in_each_range_of_scores(mixed, choose):
    scores = [row["score"] for row in best_first(mixed[2])]
    high, low = round(scores[30], 2), round(scores[150], 2)
    kept = choose(repeat=f"score>={low}:0.25, score>={high}:2.5")
    used = Counter({"high": 0, "low": 0})
    for row in kept:
        used["high" if row["edu_score"] >= np.float32(high) else "low"] += row["edu_repeat"]
    count = sum(score >= np.float32(high) for score in scores)
    assert used["high"] == round(2.5 * count)
    assert used["low"] == round(0.25 * (sum(score >= np.float32(low) for score in scores) - count))
    assert {row["edu_repeat"] for row in kept if row["edu_score"] >= np.float32(high)} == {2, 3}


def test_expanded_rows_come_as_often_as_the_column_says(choose):
    named = choose("named", repeat="score>=1:2.5, score>=0.5:1")
    expanded = choose("expanded", repeat="score>=1:2.5, score>=0.5:1", expand=True)
    assert Counter(row["id"] for row in expanded) == Counter({row["id"]: row["edu_repeat"] for row in named})
    assert "edu_repeat" not in expanded[0]


@pytest.mark.parametrize("some", [1, 0.2])
def test_copies_of_a_row_do_not_follow_each_other_where_others_can_stand_between(some):
    generator = np.random.default_rng(0)
    times = (generator.integers(0, 8, 500) * (generator.random(500) < some)).astype(np.uint8)
    times[-1], sizes = 7, generator.integers(0, 1000, 500)
    pieces = rows_with_copies(times, sizes)
    rows = np.concatenate(pieces)
    assert np.array_equal(np.bincount(rows, minlength=500), times)
    assert not (rows[1:] == rows[:-1]).any()
    assert max(sizes[piece].sum() for piece in pieces) <= 2 * sizes.sum()


def test_copies_of_a_batch_of_which_nothing_is_used_are_none():
    assert [len(piece) for piece in rows_with_copies(np.zeros(3, np.uint8), np.zeros(3, np.int64))] == [0]


def test_rows_with_views_of_texts_are_copied_too(web, tmp_path):
    texts = pa.array(make_texts(40), pa.string_view())
    pq.write_table(pa.table({"id": range(40), "text": texts}), tmp_path / "a.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "a.parquet")], out=tmp_path / "out", scorer=web, effort="fast"
    )
    filter_dump(config, reporter=QUIET)
    chosen = RecutConfig(run=tmp_path / "out", to=tmp_path / "cut", repeat=((0.0, 2.0),), expand=True)
    recut_run(chosen, reporter=QUIET)
    assert Counter(row["id"] for row in written(tmp_path / "cut")) == Counter([*range(40)] * 2)


def test_values_as_long_as_documents_are_told_as_names(mixed):
    config = RecutConfig(run=mixed[1], to="x", by="language", keep_fraction=0.2)
    found = estimate_recut(config, reporter=QUIET)
    long = replace(found, slices=[replace(one, name=f"{one.name} {'text ' * 900}") for one in found.slices])
    [table] = told_of(long).tables
    names = [row[0] for row in table.rows]
    assert max(map(len, names)) == 40
    assert names[0].startswith("en text ")


def test_all_rows_say_how_often_they_are_used(mixed, choose):
    rows = choose(repeat="score>=1:2", write="all")
    assert len(rows) == len(mixed[2])
    for row in rows:
        good = row["edu_score"] is not None and row["edu_score"] >= 1
        assert (row["edu_repeat"], row["edu_keep"]) == (2 * good, good)


def test_a_choice_is_made_again_where_a_new_cut_names_none(mixed, choose, tmp_path):
    kept = choose("first", by="language", keep_fraction=0.2, at_most=0.5)
    recut_run(RecutConfig(run=tmp_path / "first", to=tmp_path / "all", write="all"), reporter=QUIET)
    assert ids([row for row in written(tmp_path / "all") if row["edu_keep"]]) == ids(kept)
