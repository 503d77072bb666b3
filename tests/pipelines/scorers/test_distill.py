"""Proves that a classifier becomes a cascade: signals that follow it, and itself where they are unsure."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer

from filtering import load_scorer
from filtering.embedding import devices
from filtering.embedding.embedders import text_for
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import EmbedderSettings, Placement
from filtering.errors import LabelsError, SettingsError
from filtering.scoring.settings import ExitSettings
from filtering.scoring.storage import read_scorer
from filtering.text.windows import beginning_text
from pipelines import DistillConfig, FilterConfig, TrainConfig, distill_scorer, filter_dump, train_scorer
from pipelines.scorers.distill import split_pool
from tests.kit.dumps.small import make_texts
from tests.kit.late import Late
from tests.kit.runs.outcomes import QUIET
from tests.kit.scorers.tiny_models import make_tiny_classifier, make_tiny_model

torch, transformers = Late("torch"), Late("transformers")

CPU = Placement(device="cpu")
LONG = "water and light " * 400
TEXTS = [*make_texts(30, seed=11), LONG, "a", "Über straßen naïve"]


def teacher_of(folder, **settings):
    return SentenceTransformerEmbedder(EmbedderSettings(name=str(folder), kind="classifier", **settings), CPU)


def logits_of(folder, texts, max_tokens):
    """Return what transformers gives, one text at a time, in float32."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        return np.array(
            [
                model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=max_tokens)).logits[
                    0
                ]
                for text in texts
            ]
        )


# Of the session, not of the module: where workers steal tests from each other, a module's are made anew.


@pytest.fixture(scope="session")
def teaching_pool(tmp_path_factory):
    path = tmp_path_factory.mktemp("pool") / "pool.parquet"
    pq.write_table(pa.table({"text": make_texts(2600, seed=5)}), path)
    return path


@pytest.fixture(scope="session")
def distilled(tiny_teacher, teaching_pool, haste, tmp_path_factory):
    config = DistillConfig(
        teacher=tiny_teacher, pool=teaching_pool, out=tmp_path_factory.mktemp("distilled") / "scorer",
        n=1841, signals="linear", max_tokens=256, device="cpu", domain="toys",
    )  # fmt: skip
    with haste():
        return distill_scorer(config, reporter=QUIET)


@pytest.mark.parametrize("max_tokens", [16, 512])
def test_a_classifier_gives_what_transformers_gives(tiny_teacher, monkeypatch, max_tokens):
    monkeypatch.setattr(devices, "NATIVE_BF16", ())
    found = teacher_of(tiny_teacher, max_tokens=max_tokens).embed(TEXTS)
    np.testing.assert_allclose(found.vectors, logits_of(tiny_teacher, TEXTS, max_tokens), atol=2e-4)
    assert found.tokens_read.max() == min(max_tokens - 2, found.tokens.max())


def test_of_several_outputs_the_expected_one_is_spread_over_the_points(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "NATIVE_BF16", ())
    folder = make_tiny_classifier(tmp_path / "six", outputs=6)
    logits = logits_of(folder, TEXTS, 64)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = teacher_of(folder, max_tokens=64).embed(TEXTS).vectors[:, 0]
    np.testing.assert_allclose(found, chances @ np.arange(6), atol=2e-4)


def test_points_near_each_other_are_told_apart_in_bf16(tiny_teacher):
    points = teacher_of(tiny_teacher, max_tokens=64).embed(make_texts(300, seed=2)).vectors[:, 0]
    assert (points * 64 % 1 != 0).mean() > 0.9


def test_a_model_without_a_classifying_layer_is_refused(tiny_model):
    with pytest.raises(SettingsError, match="A teacher must be a sequence classification model"):
        teacher_of(tiny_model)


def test_a_classifier_reads_the_beginning_and_an_embedder_the_window():
    document = ("é" * 9000 + "end").encode()
    assert text_for(EmbedderSettings(max_tokens=100), document).endswith("end")
    shown = text_for(EmbedderSettings(max_tokens=100, kind="classifier"), document)
    assert shown == "é" * 3200
    assert beginning_text("aé".encode(), 2) == "a"
    assert beginning_text("aé".encode(), 3) == "aé"


def test_full_effort_is_the_teacher_itself(distilled, tiny_teacher):
    scores = load_scorer(distilled.out, effort="full", placement=CPU).score(TEXTS)
    points = teacher_of(tiny_teacher, max_tokens=256).embed(TEXTS).vectors[:, 0]
    np.testing.assert_array_equal(scores.value, np.clip(points, 0, 5))


def test_signals_follow_the_teacher_on_documents_that_they_have_not_seen(distilled):
    assert distilled.evaluations[0].metrics["rho"].value > 0.3
    fresh = make_texts(500, seed=77)
    fast, full = (
        load_scorer(distilled.out, effort=effort, placement=CPU).score(fresh).value
        for effort in ("fast", "full")
    )
    assert np.corrcoef(fast, full)[0, 1] > 0.3


def test_the_cascade_decides_as_the_teacher_within_its_bound(distilled):
    fresh = make_texts(1000, seed=78)
    settings = ExitSettings(max_disagreement=0.05)
    cascade = load_scorer(distilled.out, effort="balanced", placement=CPU, exits=settings)
    assert cascade.exits.is_exact
    scores = cascade.score(fresh)
    full = load_scorer(distilled.out, effort="full", placement=CPU).score(fresh)
    assert 0 < (scores.stage == 2).mean() < 1
    assert ((scores.value >= 3) != (full.value >= 3)).mean() <= 0.05


def test_groups_that_are_fitted_to_are_not_those_that_exits_are_found_on():
    documents = [f"document {number}".encode() for number in range(4000)]
    groups = [f"site {number % 900}" for number in range(4000)]
    fitted, paired = split_pool(documents, groups, 3000)
    assert not {groups[row] for row in fitted} & {groups[row] for row in paired}
    assert len(fitted) == 1800
    assert 736 <= len(paired) <= 1200
    many = [f"site {number}" for number in range(4000)]
    _, paired = split_pool(documents, many, 4000)
    assert len({many[row] for row in paired}) == len(paired)


def test_exits_are_found_on_one_of_near_duplicates_and_on_none_of_what_signals_are_fitted_to():
    documents = [f"Document {number}".encode() for number in range(12_000)]
    documents[6000:] = [document.upper() for document in documents[:6000]]
    fitted, paired = split_pool(documents, [f"site {number}" for number in range(12_000)], 12_000)
    assert len(fitted) > 7000  # three in five of all, near-duplicates too
    judged = [documents[row].lower() for row in paired]
    assert len(judged) == len(set(judged))
    assert set(judged).isdisjoint(documents[row].lower() for row in fitted)


def test_a_pool_that_is_too_small_is_refused_before_the_teacher_reads(tiny_teacher, pool, tmp_path):
    with pytest.raises(LabelsError, match="at least 736 documents"):
        distill_scorer(DistillConfig(teacher=tiny_teacher, pool=pool, out=tmp_path / "out"), reporter=QUIET)


def test_the_card_and_the_metrics_name_the_teacher(distilled, tiny_teacher):
    assert distilled.metrics["teacher"] == str(tiny_teacher)
    card = (tiny_teacher.parent / distilled.out / "README.md").read_text()
    assert f"the points of the classifier `{tiny_teacher}`." in card
    options = "--domain toys --signals linear --n 1841 --max-tokens 256"
    assert f"`edufilter distill --teacher {tiny_teacher} {options} --pool POOL --out FOLDER`" in card
    assert "bounds are exact" in card


def test_a_dump_is_filtered_with_it(distilled, dump, command, tmp_path):
    found = command(
        "filter", dump, "--scorer", distilled.out, "--effort", "balanced", "--max-disagreement", "0.05",
        "--device", "cpu", "--no-report", "--out", tmp_path / "out",
    )  # fmt: skip
    assert found.code == 0, found.said
    assert re.search(r"^kept \d+ of 410 documents", found.out)
    manifest = json.loads((tmp_path / "out" / "run" / "manifest.json").read_text())
    assert manifest["tokens_read"] > 0  # the teacher decided some, or checked them
    full = filter_dump(
        FilterConfig(inputs=[dump], scorer=distilled.out, effort="full", device="cpu", out=tmp_path / "full"),
        reporter=QUIET,
    )
    assert full.manifest["tokens_read"] > 0


BAD = [b"", b" \n\t", None, b"caf\xe9 " * 30]


def write_pool(path, documents):
    pq.write_table(pa.table({"text": pa.array(documents, pa.binary())}), path)
    return path


@pytest.mark.usefixtures("hasty")
def test_the_command_prints_what_the_cascade_costs_and_counts_documents_that_have_no_score(
    tiny_teacher, command, tmp_path
):
    documents = [text.encode() for text in make_texts(2600, seed=6)]  # some are near-duplicates
    pool = write_pool(tmp_path / "pool.parquet", documents + [bad for bad in BAD for _ in range(200)])
    arguments = ["distill", "--teacher", tiny_teacher, "--pool", pool, "--out", tmp_path / "out"]
    found = command(*arguments, "--n", 1842, "--signals", "linear", "--max-tokens", 16, "--device", "cpu")
    assert found.code == 0, found.said
    assert "The figure to go by" in found.out
    assert "--effort balanced --device cpu --out OUT" in found.out
    said = " ".join(found.err.split())
    assert "800 of 3,400 documents" in said
    assert "200 empty, 200 invalid-utf8, 200 null, 200 white-space" in said
    _, pairs = read_scorer(str(tmp_path / "out"))
    assert len(pairs) == 1842 - 1105
    again = command(*arguments)
    assert again.code == 2
    assert "--overwrite" in again.err


@pytest.mark.usefixtures("hasty")
def test_documents_without_a_score_do_not_count_as_evidence(tiny_teacher, tiny_model, labels, tmp_path):
    documents = [text.encode() for text in make_texts(700, seed=6)]
    pool = write_pool(tmp_path / "pool.parquet", documents + BAD * 1000)
    with pytest.raises(LabelsError, match=r"at least 736 documents .* Found \d\d\d"):
        distill_scorer(DistillConfig(teacher=tiny_teacher, pool=pool, out=tmp_path / "a"), reporter=QUIET)
    with pytest.raises(LabelsError, match=r"at least 736 documents .* Found \d\d\d"):
        train_scorer(
            TrainConfig(
                labels=labels, pool=pool, out=tmp_path / "b", domain="toys", signals="linear",
                embedder=tiny_model, head="joint", max_tokens=32, device="cpu",
            ),
            reporter=QUIET,
        )  # fmt: skip


@pytest.mark.parametrize("n", [1, 100, 1839])
def test_an_n_too_small_for_the_usual_bound_is_refused_with_the_smallest_that_will_do(n):
    with pytest.raises(SettingsError, match=rf"'n' \(--n\).*at least 1840\. Got {n} instead"):
        DistillConfig(teacher="t", pool="p", out="o", n=n)


@pytest.mark.parametrize("n", [1840, 1841, 2999])
def test_the_teacher_reads_no_more_than_n_documents(n):
    documents = [f"document {number}".encode() for number in range(8000)]
    fitted, paired = split_pool(documents, [f"site {number}" for number in range(8000)], n)
    assert len(fitted) + len(paired) == n
    assert len(paired) >= 736


def make_tiny_decoder(folder, *, tokenizer_pads, config_pads):
    """Make a decoder that classifies by a text's last token, with a token that pads where it is asked for."""
    make_tiny_model(folder, "llama")
    path = folder / "tokenizer_config.json"
    named = json.loads(path.read_text()) | {"padding_side": "right"}
    pad = named["pad_token"] if tokenizer_pads else named.pop("pad_token")
    path.write_text(json.dumps(named))
    number = Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id(pad)
    config = transformers.AutoConfig.from_pretrained(folder, num_labels=1)
    config.pad_token_id = number if config_pads else None
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("config_pads", [True, False])
def test_a_decoder_is_told_which_token_pads(tmp_path, monkeypatch, config_pads):
    monkeypatch.setattr(devices, "NATIVE_BF16", ())
    folder = make_tiny_decoder(tmp_path / "decoder", tokenizer_pads=True, config_pads=config_pads)
    found = teacher_of(folder, max_tokens=64).embed(TEXTS)
    np.testing.assert_allclose(found.vectors, logits_of(folder, TEXTS, 64), atol=2e-4)


def test_a_teacher_without_a_token_that_pads_is_refused_when_it_is_loaded(tmp_path):
    folder = make_tiny_decoder(tmp_path / "decoder", tokenizer_pads=False, config_pads=False)
    with pytest.raises(SettingsError, match=r"must have a token that pads.* pad_token, nor .* pad_token_id"):
        teacher_of(folder)


def test_a_classifier_reads_its_tokens_of_text_with_wide_margins_too(tiny_teacher):
    indented = ("water" + " " * 40) * 200
    teacher = teacher_of(tiny_teacher, max_tokens=64)
    found = teacher.embed([text_for(teacher.settings, indented.encode())])
    assert found.tokens_read.tolist() == [62]


def test_messages_about_a_classifier_call_it_a_teacher(tmp_path):
    with pytest.raises(
        SettingsError, match="The teacher must be a folder, or the name of a model on the hub"
    ):
        teacher_of("no such/model at all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match=r"The teacher '.*' must have its weights as safetensors"):
        teacher_of(tmp_path / "empty")


def test_a_teacher_that_says_the_same_of_all_calls_for_another_pool(tmp_path, teaching_pool):
    folder = make_tiny_classifier(tmp_path / "low")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    model.classifier.bias.data -= 100
    model.save_pretrained(folder)
    config = DistillConfig(
        teacher=folder, pool=teaching_pool, out=tmp_path / "out", n=1840, max_tokens=16, device="cpu"
    )
    with pytest.raises(LabelsError, match=r"must differ\. All are 0\. Bring a larger or more mixed pool"):
        distill_scorer(config, reporter=QUIET)


def test_the_card_speaks_of_what_a_teacher_reads(distilled, tiny_teacher):
    card = (tiny_teacher.parent / distilled.out / "README.md").read_text()
    assert "documents that the teacher read of" in card
    assert "labelled documents" not in card
    assert "window" not in card
