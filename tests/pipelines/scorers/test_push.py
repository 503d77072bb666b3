"""Proves that a scorer goes to the hub and comes back the same, and what is refused on either way."""

import os
import sys
from dataclasses import replace

import pytest
import yaml

from filtering import load_scorer, save_scorer
from filtering.errors import OutputError, RunError, ScorerError, SettingsError
from filtering.scoring.scorer_files import read_metrics
from pipelines import PushConfig, push_scorer
from tests.kit.scorers.fitted import made_documents, made_scorer
from tests.kit.scorers.saved import save_made
from tests.kit.scripted.hub import COMMIT, REPOSITORY, TOKEN, scripted_hub
from tests.kit.scripted.hub_here import hub_here

pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # of connections that the client keeps
TEXTS = made_documents(20, seed=3)[0]


@pytest.fixture
def scorer(tmp_path):
    save_made(tmp_path / "scorer")
    return tmp_path / "scorer"


@pytest.fixture
def hub(tmp_path):
    """Run a test beside a hub that holds the folder ``pages`` as a dataset; the user has a token."""
    (tmp_path / "pages").mkdir()
    with hub_here(tmp_path / "pages", tmp_path / "cache"):
        yield tmp_path / "pages"


def push(scorer, name="me/physics", **settings):
    return push_scorer(PushConfig(scorer=scorer, name=name, **{"license": "mit", **settings}))


def front_matter_of(card):
    return yaml.safe_load(card.split("---\n")[1])


# There and back.


def test_a_pushed_scorer_comes_back_with_the_same_digest_and_scores(hub, scorer):
    push(scorer)
    back, first = load_scorer("hf://me/physics"), load_scorer(str(scorer))
    assert back.digest == first.digest
    assert back.score(TEXTS).value.tolist() == first.score(TEXTS).value.tolist()


def test_a_scorer_of_two_stages_comes_back_with_both(hub, two_stages):
    push(two_stages.out)
    back = load_scorer("hf://me/physics", effort="full")
    assert back.score(TEXTS).value.tolist() == two_stages.scorer.score(TEXTS).value.tolist()


def test_an_older_revision_can_be_named(hub, scorer):
    first = push(scorer)
    save_made(scorer, "lightgbm", overwrite=True)
    assert load_scorer(push(scorer).address).trees is not None
    assert load_scorer("hf://me/physics").trees is not None
    assert load_scorer(first.address).trees is None
    with pytest.raises(SettingsError, match="has no such revision"):
        load_scorer("hf://me/physics@v9")


def test_what_the_scorer_has_no_more_leaves_the_repository(hub, scorer, two_stages):
    import huggingface_hub

    push(two_stages.out)
    push(scorer)
    assert sorted(huggingface_hub.HfApi().list_repo_files("me/physics")) == [
        ".gitattributes", "README.md", "scorer.json", "signals.safetensors",
    ]  # fmt: skip


def test_a_scorer_of_the_hub_can_be_pushed_on_with_one_front_matter(hub, scorer):
    import huggingface_hub

    push(scorer)
    push("hf://me/physics", "hf://me/again", license="other")
    card = huggingface_hub.hf_hub_download("me/again", "README.md")
    with open(card) as file:
        content = file.read()
    assert front_matter_of(content)["license"] == "other"
    assert content.count("edufilter filter DUMP --scorer hf://me/again --out OUT") == 1
    assert content.count("load_scorer(") == 1
    assert content.partition("<!-- end of use -->")[2].strip() == (scorer / "README.md").read_text().strip()
    assert load_scorer("hf://me/again").digest == load_scorer(str(scorer)).digest


def test_commands_take_a_scorer_of_the_hub(hub, trained, labels, command, tmp_path):
    push(trained.out)
    (tmp_path / "a.txt").write_text(TEXTS[0])
    said = command("score", tmp_path / "a.txt", "--scorer", "hf://me/physics").out
    assert said == command("score", tmp_path / "a.txt", "--scorer", trained.out).out
    judged = command("evaluate", "hf://me/physics", labels, "--json")
    assert judged.out == command("evaluate", trained.out, labels, "--json").out


def test_a_run_and_its_report_take_a_scorer_of_the_hub(hub, scorer, dump, command, tmp_path):
    push(scorer)
    run = ("filter", dump, "--effort", "fast", "--no-report", "--out")
    done = command(*run, tmp_path / "out", "--scorer", "hf://me/physics")
    assert done.code == 0, done.err
    assert command(*run, tmp_path / "again", "--scorer", scorer).code == 0
    kept = [sorted((tmp_path / out / "data").rglob("*.parquet")) for out in ("out", "again")]
    assert [one.read_bytes() for one in kept[0]] == [one.read_bytes() for one in kept[1]]
    assert command("report", tmp_path / "out").code == 0


def test_a_scorer_may_lie_in_a_folder_of_any_repository(hub, scorer):
    scorer.rename(hub / "scorer")
    address = f"hf://datasets/{REPOSITORY}"
    found = load_scorer(str(hub / "scorer")).digest
    assert load_scorer(f"{address}/scorer").digest == found
    assert load_scorer(f"{address}@{COMMIT}/scorer/").digest == found


def test_without_a_network_the_copy_of_before_is_used(scorer, tmp_path, monkeypatch):
    with hub_here(tmp_path, tmp_path / "cache"):
        push(scorer)
        load_scorer("hf://me/physics")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert load_scorer("hf://me/physics").digest == load_scorer(str(scorer)).digest
        with pytest.raises(RunError, match="cannot be reached, and there is no copy"):
            load_scorer("hf://me/other")


def test_the_installed_command_pushes_and_takes_it(scorer, tmp_path, warm_process):
    with scripted_hub(tmp_path) as environment:
        env = os.environ | environment | {"HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "home")}
        env["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "0"
        done = warm_process("push", scorer, "me/physics", "--license", "mit", env=env)
        assert done.code == 0, done.err
        (tmp_path / "a.txt").write_text(TEXTS[0])
        scored = warm_process("score", tmp_path / "a.txt", "--scorer", "hf://me/physics", env=env)
        assert scored.code == 0, scored.err


# What the hub reads.


def test_the_front_matter_is_what_the_hub_expects(hub):
    card = front_matter_of(f"---\n{push('web', license=None, dry_run=True).front_matter}---\n")
    assert card["license"] == "apache-2.0"
    assert (card["library_name"], card["pipeline_tag"]) == ("edufilter", "text-classification")
    assert {"edufilter", "web"} <= set(card["tags"])
    assert {"en", "de", "zh"} <= set(card["language"])
    assert card["metrics"] == ["spearmanr", "roc_auc", "f1", "precision", "recall"]
    (result,) = card["model-index"][0]["results"]
    judged = read_metrics("web")["nested"]["full"]
    assert result["metrics"][0]["value"] == pytest.approx(
        judged["unbiased_metrics"]["rho"]["value"], abs=1e-4
    )
    assert result["dataset"]["name"].startswith(f"{judged['unbiased_rows']:,} labelled documents drawn")


def test_languages_go_by_the_codes_that_the_hub_knows(hub, tmp_path):
    known = {"zh-Hant": 400, "zh": 300, "mul": 200, "Rust": 190, "deu": 180, "fr": 2}
    scorer = replace(made_scorer("linear"), languages=known)
    save_scorer(scorer, str(tmp_path / "scorer"), metrics={}, card="")
    card = front_matter_of(f"---\n{push(tmp_path / 'scorer', dry_run=True).front_matter}---\n")
    assert card["language"] == ["zh", "deu"]


def test_a_scorer_of_code_and_one_without_figures_have_a_front_matter_too(hub, scorer):
    card = front_matter_of(f"---\n{push('code', license=None, dry_run=True).front_matter}---\n")
    assert card["language"] == ["code"]
    bare = front_matter_of(f"---\n{push(scorer, dry_run=True).front_matter}---\n")
    assert "metrics" not in bare
    assert "model-index" not in bare


def test_a_dry_run_shows_what_would_go_and_asks_nobody(scorer, two_stages, command, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = command("push", two_stages.out, "me/physics", "--license", "mit", "--dry-run")
    assert done.code == 0, done.err
    for path in os.listdir(two_stages.out):
        assert f"  {path}: " in done.out
    assert "license: mit" in done.out
    assert "names its embedder by a folder of this machine" in done.out
    assert "Nothing was sent." in done.out


# What is refused.


@pytest.mark.parametrize(
    "name",
    [
        "physics",
        "me/physics@v1",
        "me/a--b",
        "me/a..b",
        "hf://me/a@v1",
        "me/physics/part",
        "datasets/me/physics",
        "s3://me/physics",
        "me/p q",
    ],
)
def test_a_name_that_is_no_repository_is_refused(name, scorer):
    with pytest.raises(SettingsError, match=f"OWNER/NAME: .* Got '{name}' instead"):
        push(scorer, name, dry_run=True)


@pytest.mark.parametrize("name", ["hf://physics", "hf://", "hf://me/physics@", "hf://a/b@c@d", "hf://me//x"])
def test_an_address_that_names_no_scorer_is_refused(name, hub):
    with pytest.raises(SettingsError, match="must be named hf://OWNER/NAME"):
        load_scorer(name)


def test_a_repository_of_something_else_is_left_alone(hub, scorer):
    import huggingface_hub

    huggingface_hub.HfApi().create_repo("me/physics")
    huggingface_hub.HfApi().upload_file(
        path_or_fileobj=b"{}", path_in_repo="config.json", repo_id="me/physics"
    )
    with pytest.raises(OutputError, match=r"holds 'config\.json'"):
        push(scorer)
    with pytest.raises(SettingsError, match=r"must be a folder of scorer\.json"):
        load_scorer("hf://me/physics")


def test_a_licence_must_be_named_and_be_one(hub, scorer):
    with pytest.raises(SettingsError, match="--license"):
        push(scorer, license=None)
    with pytest.raises(SettingsError, match=r"such as cc-by-4\.0"):
        push(scorer, license="CC BY 4.0")
    with pytest.raises(SettingsError, match=r"such as apache-2\.0"):
        push(scorer, license="Apache License 2.0")
    with pytest.raises(SettingsError, match='"license" must be one of the known ones'):
        push(scorer, license="my-own")


def test_a_licence_that_is_not_usual_is_told_and_a_public_repository_stays_so(hub, scorer, command):
    dry = command("push", scorer, "me/physics", "--license", "apache2.0", "--dry-run").out
    assert "may not know the licence apache2.0. Did you mean apache-2.0?" in dry
    words = ("push", scorer, "me/physics", "--license", "mit")
    assert "Warning" not in command(*words).out
    assert "for all to see, and stays so" in command(*words, "--private").out
    assert "Warning" not in command("push", scorer, "me/new", "--license", "mit", "--private").out


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "You have no token. Log in with"),
        ("hf_wrong", "The hub refused your token."),
        ("hf_s\xe9cret", "HF_TOKEN must be a token of the hub"),
    ],
)
def test_a_token_that_is_missing_or_wrong_is_told(token, said, scorer, tmp_path):
    with (
        hub_here(tmp_path, tmp_path / "cache", token=token),
        pytest.raises((SettingsError, RunError), match=said),
    ):
        push(scorer)


def test_a_hub_that_cannot_be_reached_is_told_in_one_sentence(scorer, tmp_path, capfd):
    with hub_here(tmp_path, tmp_path / "cache"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(RunError, match=r"The hub cannot be reached\. Check the network"):
            push(scorer)
    assert capfd.readouterr().err == ""


def test_a_damaged_scorer_is_neither_pushed_nor_taken(hub, scorer):
    import huggingface_hub

    push(scorer)
    array = scorer / "signals.safetensors"
    array.write_bytes(array.read_bytes()[:-1] + b"x")
    with pytest.raises(ScorerError, match="damaged"):
        push(scorer)
    huggingface_hub.HfApi().upload_file(
        path_or_fileobj=str(array), path_in_repo=array.name, repo_id="me/physics"
    )
    with pytest.raises(ScorerError, match="damaged"):
        load_scorer("hf://me/physics")


def test_a_scorer_that_is_too_large_is_not_copied(hub, scorer, tmp_path, monkeypatch):
    push(scorer)
    monkeypatch.setattr("filtering.scoring.scorer_files.SCORER_BYTES", 1000)
    with pytest.raises(SettingsError, match=r"a few megabytes beside it\. .* It has [\d,]+ bytes"):
        load_scorer("hf://me/physics")
    assert not (tmp_path / "cache").exists()


def test_a_private_scorer_is_shown_to_its_owner_alone(hub, scorer, monkeypatch):
    push(scorer, private=True)
    load_scorer("hf://me/physics")
    monkeypatch.setenv("HF_TOKEN", "hf_" + "stranger" * 4)
    with pytest.raises(SettingsError, match="none that your token may see"):
        load_scorer("hf://me/physics")


@pytest.mark.parametrize("token", ["hf_wrong", "odd\x01secret", "sécret", "", "two words secret"])
def test_no_message_holds_a_token(token, scorer, tmp_path, command):
    with hub_here(tmp_path, tmp_path / "cache", token=token.replace("\0", "")):
        done = command("push", scorer, "me/physics", "--license", "mit")
        loaded = command("score", scorer / "README.md", "--scorer", "hf://me/none")
    assert (done.code, loaded.code) != (0, 0)
    for said in (done, loaded):
        assert "secret" not in said.out + said.err
        assert "hf_wrong" not in said.out + said.err
        assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words", [("push", "web", "me/web"), ("score", "page.txt", "--scorer", "hf://me/web")]
)
def test_without_the_library_of_the_hub_its_extra_is_named(words, command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.txt").write_text(TEXTS[0])
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    done = command(*words)
    assert done.code == 2
    assert "'.[hub]'" in done.err
