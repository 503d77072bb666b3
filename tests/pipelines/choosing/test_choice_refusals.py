"""Proves that wrong choices are refused before anything is written, with the most that can be had."""

import pytest

from filtering.errors import SettingsError
from pipelines import RecutConfig, estimate_recut, recut_run
from pipelines.choosing.cut_file import SliceCuts, write_cuts
from tests.kit.dumps.choices import best_first
from tests.kit.runs.outcomes import QUIET, Recorder


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--keep-fraction .1 --keep-tokens 5", "Got --keep-fraction 0.1 and --keep-tokens 5."),
        ("--keep-at 2 --repeat score>=1:2", "Got --keep-at 2 and --repeat score>=1:2."),
        ("--at-least 5 --keep-fraction .1", "--at-least must come with --by."),
        ("--balance --keep-fraction .1", "--balance must come with --by."),
        ("--by language", "--by must come with how much to keep: --keep-fraction or --keep-tokens, of which"),
        ("--by language --keep-at 2", "or --keep-at and --at-least. Got --keep-at alone."),
        ("--by language --keep-at 2 --at-least 5 --at-most .5", "--at-most and --keep-at may be given"),
        ("--temperature 1", "--temperature must come with --keep-fraction or --keep-tokens."),
        ("--curve --keep-fraction .1", "--curve must come with --keep-tokens."),
        ("--curve --keep-tokens 5 --temperature 1", "--temperature and --curve may be given"),
        ("--keep-tokens 5 --max-repeat 3", "--max-repeat must come with --curve."),
        ("--keep-tokens 5 --expand", "--expand must come with --curve or --repeat."),
        ("--repeat score>=1:2 --expand --write all", "--expand must come with --write kept."),
        ("--write passages", "For passages filter the dump again with --write passages. Got 'passages'"),
        ("--repeat score>=1:2 --by language", "--by and --repeat may be given"),
        ("--keep-fraction .1 --tokenizer x", "--tokenizer must come with --keep-tokens or --repeat."),
        ("--repeat score>1:2", "must be like 'score>=4:3"),
        ("--repeat score>=1:2,score>=1:3", "each with points of its own"),
        ("--repeat score>=6:2", "must have points from 0 to 5"),
        ("--repeat score>=1:0", "repeats above 0"),
        ("--repeat score>=1:101", "at most 100"),
        ("--keep-tokens some", "must be a number"),
        ("--temperature -1 --keep-fraction .1", "--temperature"),
        ("--temperature 1e-9 --keep-fraction .1", "--temperature must be 0, which cuts, or at least 0.01."),
        ("--keep-tokens 9e99", "must be a number"),
        ("--keep-tokens 90000000T", "Got 90,000,000,000,000,000,000 tokens. The most that can be had is"),
        ("--keep-fraction .5 --by language --at-least 99999999999T", "--at-least must fit into what is kept"),
        ("--at-most 2 --by language --keep-fraction .1", "--at-most"),
        ("--at-least 0.1 --keep-fraction .5 --by language", "--at-least must be a number of documents"),
        ("--keep-fraction .1 --keep-tokens 1M", "and --keep-tokens 1000000."),
        ("--by language:1 --keep-fraction .5", "--by language must come without steps."),
        ("--by langauge --keep-fraction .5", "Did you mean 'language'?"),
        ("--keep-tokens 5 --tokenizer gone.json", "--tokenizer must be a file that can be read: the"),
        ("--keep-tokens 5 --tokenizer .", "Name the file itself, not its folder and not a model of the hub."),
        ("--keep-at 3 --seed 3", "--seed must come with --temperature, --curve or --repeat."),
        ("--by text --keep-fraction .1", "'text' holds their texts. Choose by what has fewer values:"),
        ("--cuts gone.json", "--cuts must be a file that can be read."),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_what_to_do(mixed, command, tmp_path, given, said):
    refused = command("recut", mixed[1], *given.split(), "--to", tmp_path / "cut")
    assert refused.code == 2, refused.said
    assert said in refused.err.replace("\n", " ")
    assert not (tmp_path / "cut").exists()


def refusal(mixed, tmp_path, **changes):
    with pytest.raises(SettingsError) as error:
        recut_run(RecutConfig(run=mixed[1], to=tmp_path / "cut", **changes), reporter=QUIET)
    assert not (tmp_path / "cut").exists()
    return str(error.value)


def test_a_budget_of_more_tokens_than_there_are_is_refused_with_the_most(mixed, tmp_path):
    most = sum(row["size"] for row in best_first(mixed[2])) // 4
    said = refusal(mixed, tmp_path, keep_tokens=1e9)
    assert f"Got 1,000,000,000 tokens. The most that can be had is {most:,}." in said
    cut = best_first(mixed[2])[50]["score"]
    above = sum(row["size"] for row in best_first(mixed[2]) if row["score"] >= cut) // 4
    said = refusal(mixed, tmp_path, keep_tokens=float(most), floor=cut, temperature=1.0)
    assert f"with --floor {cut:g} is {above:,}" in said
    said = refusal(mixed, tmp_path, keep_fraction=0.9, floor=cut)
    assert f"is {sum(row['score'] >= cut for row in best_first(mixed[2])):,}" in said


def test_a_curve_that_would_repeat_too_often_is_refused_with_the_most(mixed, tmp_path):
    said = refusal(mixed, tmp_path, keep_tokens=1e6, curve=True, max_repeat=2.0)
    assert "with --drop-lowest 0.4 and --max-repeat 2" in said
    most = int(said.partition("max-repeat 2 is ")[2].split(".")[0].replace(",", ""))
    recut_run(
        RecutConfig(run=mixed[1], to=tmp_path / "most", keep_tokens=float(most), curve=True, max_repeat=2.0),
        reporter=QUIET,
    )


def test_quotas_that_cannot_be_met_are_refused(mixed, tmp_path):
    said = refusal(mixed, tmp_path, by="language", keep_fraction=0.1, at_least=20.0)
    assert (
        "--at-least must fit into what is kept, 24 documents in all. Got 20 for each of 4 values, "
        "or all that a value has: 80 together." in said
    )
    said = refusal(mixed, tmp_path, by="language", keep_fraction=0.5, at_most=0.1)
    assert "with --at-most 0.1 is 48" in said
    said = refusal(mixed, tmp_path, by="language", keep_fraction=0.5, at_most=0.3, at_least=50.0)
    assert "--at-least must be no more than --at-most lets a value have" in said


def test_columns_that_part_nothing_are_refused(mixed, tmp_path):
    said = refusal(mixed, tmp_path, by="topic", keep_fraction=0.5)
    assert "must have a column 'topic' for --by. Found id, text, language, url" in said


def test_a_column_of_too_many_values_is_refused_with_other_ways(mixed, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.choosing.slices.MOST_SLICES", 100)
    said = refusal(mixed, tmp_path, by="many", keep_fraction=0.5)
    assert "at most 100 values. 'many' has more." in said
    assert "--by path:1" in said


@pytest.mark.parametrize(
    "way", [{}, {"by": "language"}, {"temperature": 1.0}, {"curve": True}, {"curve": True, "by": "host"}]
)
def test_a_budget_below_the_shortest_document_is_refused(mixed, tmp_path, way):
    said = refusal(mixed, tmp_path, keep_tokens=3.0, **way)
    which = (
        "the shortest of the documents that come first in their values" if "by" in way else "that document"
    )
    assert f"--keep-tokens must hold the document that comes first. Got 3 tokens, and {which} has " in said
    least = float(said.partition(" has ")[2].partition(". ")[0])
    recut_run(RecutConfig(run=mixed[1], to=tmp_path / "x", keep_tokens=least, **way), reporter=QUIET)


def test_a_share_of_less_than_a_document_is_refused(mixed, tmp_path):
    assert "Ask for at least 0.004." in refusal(mixed, tmp_path, keep_fraction=0.001)


def test_cuts_of_another_scorer_are_refused_and_values_that_are_not_there_are_named(mixed, tmp_path):
    path, heard = tmp_path / "cuts.json", Recorder()
    write_cuts(str(path), SliceCuts("language", {"en": 1.0}, 1.0, "0" * 64))
    said = refusal(mixed, tmp_path, cuts=str(path))
    assert "--cuts must be of the scorer of the run" in said
    assert "is of digest 000000000000" in said
    write_cuts(str(path), SliceCuts("language", {"en": 1.0, "English": 2.0, "deu": 2.0}, 1.0))
    estimate_recut(RecutConfig(run=mixed[1], to="x", cuts=str(path)), reporter=heard)
    [line] = [line for line in heard.said if "change nothing" in line]
    assert "English, deu. Values of 'language' here: en, de, fr, (none)." in line


def test_a_folder_that_holds_something_else_is_refused_by_the_name_of_its_option(mixed, command, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear reader")
    refused = command("recut", mixed[1], "--keep-at", 2, "--to", tmp_path)
    assert refused.code == 2
    assert "--to must be new, empty" in refused.err
    assert "Choose another --to." in refused.err.replace("\n", " ")
