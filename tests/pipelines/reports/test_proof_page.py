"""Proves what the page of a proof shows, that no name or text in it acts, and that its figures are a file."""

import json
import re
from dataclasses import replace
from math import nan

import pytest
from pydantic_core import to_jsonable_python

from filtering.judging.intervals import Estimate
from filtering.printable import ACTING, printable
from pipelines.commands.printing.proof import print_proof
from pipelines.page_kit.page import SCRIPT
from pipelines.proof.findings import LIMITS, findings
from pipelines.proof.language_model import CurvePoint
from pipelines.proof.proof_result import ArmFacts
from pipelines.proof.verdicts import Difference
from pipelines.reports.proof_page import FORMAT, write_proof_page
from pipelines.reports.proof_tables import crossing, kept_table, percent_of_random, signed_percent
from tests.kit.pages.run_pages import Page
from tests.kit.runs.proofs import ARMS, EVALUATIONS, PROMPTS, config_of, difference, make_proof

HOSTILE = (
    "</pre></style><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt; \x1b[31m\u2066 ${x} {y}"
)


def written(proof, folder, **settings):
    return Page(write_proof_page(proof, config_of(folder, **settings)).read_text())


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return written(make_proof(), tmp_path_factory.mktemp("proof"))


def between(page, first, second):
    """Return the text of a page between two headings."""
    return page.text.split(f"\n{first}\n")[1].split(f"\n{second}\n")[0]


def test_the_page_says_first_what_was_found_and_then_what_must_not_be_concluded(page):
    proof = make_proof()
    places = [page.text.index(said) for said in (*findings(proof), *LIMITS, "Which text teaches more")]
    assert places == sorted(places)
    for said in ("run out · scorer web", "tiny", "4M parameters", "6 MB"):
        assert said in page.text[: places[0]]


def test_every_evaluation_and_arm_has_its_figures(page):
    for name in EVALUATIONS:
        assert page.text.count(name) > 5, name
    for said in (
        *ARMS, "-4.0 %", "-5.0 to -3.0", "0.960", "37.5 %", "25.0 %", "-0.125", "1,234", "2.50", "17",
        "questions with choices", "570", "mbpp.jsonl, arc_easy.jsonl", "seed of the draws",
    ):  # fmt: skip
        assert said in page.text, said


def test_controls_stand_apart_from_evaluations_and_are_named_so(page):
    first = between(page, "Which text teaches more", "Controls")
    controls = between(page, "Controls", "Figures")
    for name in ("mbpp", "arc_easy", "held-out kept"):
        assert name in first
        assert name not in controls
    for name in ("held-out random", "held-out dropped"):
        assert name in controls
        assert name not in first
    for part in (first, controls):
        assert part.count("← better") == part.count("worse →") == 2  # a wide drawing and a narrow one


def test_arms_cross_where_kept_falls_below_random_late(page):
    assert crossing(make_proof()) == list(EVALUATIONS)
    assert f"cross on {', '.join(EVALUATIONS)}." in page.text
    never = {name: {"random": [1.5, 1.2, 1.0], "kept": [1.4, 1.1, 0.9]} for name in EVALUATIONS}
    assert crossing(make_proof(early=never)) == []


def test_names_and_texts_of_others_are_text_and_nothing_else(tmp_path):
    arms = {arm: ArmFacts(f"words {HOSTILE}", 1, 1.0, 1.0) for arm in ARMS}
    proof = make_proof(
        evaluations={f"eval {HOSTILE}": ("choices", 5, 5), "held-out random": ("text", 5, 5)},
        run=f"run {HOSTILE}",
        scorer=f"scorer {HOSTILE}",
        prompts=[f"prompt {HOSTILE}"],
        removed={f"why {HOSTILE}": 1},
    )
    proof = replace(proof, arms=arms, written={arm: [f"{arm} {HOSTILE}"] for arm in ARMS})
    page = written(proof, tmp_path)
    for word in ("eval", "run", "scorer", "prompt", "words", "why", "kept", "style"):
        assert f"{word} {printable(HOSTILE)}" in page.text, word
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"img", "iframe", "object", "link", "base", "form", "b"}
    assert [tag for tag, _ in page.tags].count("script") == page.html.count(SCRIPT) == 1
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert ACTING.findall(page.html.replace("\n", "").replace("\t", "")) == []


def test_the_page_asks_for_nothing_else(page):
    loading = {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}
    assert not [attributes for _, attributes in page.tags if loading & set(attributes)]
    assert "@import" not in page.html


def test_figures_that_are_not_defined_are_words(tmp_path):
    undefined = Difference("mbpp", "kept", nan, Estimate(nan, nan, nan), nan, "cannot be told")
    proof = make_proof(
        evaluations={"mbpp": ("completion", 5, 5)},
        values={"mbpp": dict.fromkeys(ARMS, nan)},
        differences=[undefined],
        curves={"kept": [CurvePoint(1, nan)]},
        early={"mbpp": {arm: [nan, nan, nan] for arm in ARMS}},
    )
    proof = replace(proof, arms={arm: ArmFacts(arm, 1, nan, 1.0) for arm in ARMS})
    page = written(proof, tmp_path)
    shown = page.text[page.text.index("Does a model learn") :].lower()
    assert not {"nan", "null", "none", "inf"} & set(re.findall(r"\w+", shown))
    undefined_in = {
        "bits of each arm, difference and interval": 4 + 2, "verdicts of style and dropped": 2,
        "difference, interval, p": 3, "curve": 1, "a quarter, half, whole": 3 * 4, "scores": 4,
    }  # fmt: skip
    assert page.text.count("not defined") == sum(undefined_in.values())
    assert "There are no controls." in page.text
    assert "svg" not in {tag for tag, _ in page.tags}
    assert json.loads((tmp_path / "proof.json").read_text())["values"]["mbpp"]["kept"] is None


def test_a_proof_with_nothing_in_it_has_a_page(tmp_path):
    nothing = {name: {} for name in ("removed", "values", "accuracies", "margins", "curves", "early")}
    nothing |= {"differences": [], "byte_differences": [], "to_kept": [], "agreement": (0, 0)}
    page = written(make_proof(evaluations={}, prompts=[], **nothing), tmp_path)
    assert "No difference between kept and random text can be told" in page.text
    for said in ("Nothing was measured.", "Nothing was measured before the end", "No curve was noted."):
        assert said in page.text
    assert "svg" not in {tag for tag, _ in page.tags}


def test_what_models_write_is_shown_beside_each_other(page):
    for at, prompt in enumerate(PROMPTS):
        assert prompt in map(str.strip, page.pres)
        assert [pre.strip() for pre in page.pres if pre.strip().endswith(f"writes on {at}")] == [
            f"{arm} writes on {at}" for arm in ("random", "kept", "style", "dropped")
        ]


def test_how_models_follow_chains_is_shown_where_they_were_probed(tmp_path):
    lego = {"kept": [[0.5] * 5, [1.0, 0.875, 0.5, 0.5, 0.5]], "scratch": [[0.5] * 5, [0.75] * 5]}
    page = written(make_proof(lego=lego), tmp_path).text
    assert "Do models follow chains?" in page
    assert "87.5" in page
    assert "Do models follow chains?" not in written(make_proof(), tmp_path).text


def test_without_texts_neither_page_nor_figures_hold_any(tmp_path):
    page = written(make_proof(prompts=[]), tmp_path)
    assert "What models write" not in page.text
    for name in ("proof.html", "proof.json"):
        assert "writes on" not in (tmp_path / name).read_text()


def test_the_figures_beside_the_page_are_all_of_the_proof(tmp_path):
    proof = make_proof()
    written(proof, tmp_path, seed=7)
    found = json.loads((tmp_path / "proof.json").read_text())
    assert found.pop("format") == FORMAT
    assert found.pop("settings")["seed"] == 7
    assert found == json.loads(json.dumps(to_jsonable_python(proof)))


def test_the_page_says_how_to_measure_a_model_by_other_tasks(tmp_path):
    folder = tmp_path / "my proof"
    folder.mkdir()
    page = written(make_proof(), folder)
    assert f"--model_args 'pretrained={folder}/models/kept-1'" in page.text
    assert f"The models lie in {folder}/models," in page.text


def test_differences_are_percent_of_what_random_costs():
    proof = make_proof(
        evaluations={"a": ("text", 5, 5)},
        values={"a": {"random": 2.0, "kept": 1.9}},
        differences=[difference("a", "kept", -0.1)],
    )
    assert kept_table(proof, ("random", "kept")).rows == [
        ("a", "2.000", "1.900", "-5.0 %", "-5.5 to -4.5", "better")
    ]
    assert signed_percent(-0.01) == signed_percent(0.01) == "+0.0 %"
    assert percent_of_random(make_proof(values={"a": {"random": 0.0}}), "a", 1.0) != 0


def test_the_screen_shows_findings_first_and_a_table_that_fits(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    proof = make_proof()
    assert print_proof(proof, config_of(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    said = findings(proof)
    assert lines[: len(said)] == said
    table = [line for line in lines if line.strip().startswith(tuple(EVALUATIONS))]
    assert [line.split()[-1] for line in table] == ["better"] * len(EVALUATIONS)
    assert max(map(len, table)) <= 80
    assert f"page: {tmp_path}/proof.html" in lines
    assert lines[-2].startswith(
        "next: measure a model by another task, once lm_eval is installed (pip install "
    )
    assert lines[-1].endswith(f"pretrained={tmp_path}/models/kept-1 --tasks TASK")


def test_after_toys_the_next_step_is_a_proof_that_tells_something(tmp_path, capsys):
    config = config_of(tmp_path, size="toy", budget="5m", seeds=2)
    assert print_proof(make_proof(size="toy"), config) == 0
    again = capsys.readouterr().out.splitlines()[-1].split()
    assert again[:3] == ["edufilter", "prove", "out"]
    assert "--size" not in again  # tiny is the default
    assert again[again.index("--out") + 1] == "NEW"
    assert "--budget" not in again
