"""Puts a scorer on the Hugging Face hub: its files, and a card whose front matter the hub reads."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from filtering import load_scorer
from filtering.errors import OutputError, SettingsError
from filtering.extras import require
from filtering.regular_files import parse_json
from filtering.scoring.hub_scorers import HUB, HubAddress, asking_the_hub, is_on_hub
from filtering.scoring.storage import CARD, FILES, SHIPPED, naming, read_files
from filtering.text.language_names import NO_LANGUAGE
from pipelines.scorer_addresses import scorer_here
from pipelines.settings.scorers import PushConfig

LIBRARY = "edufilter"
TASK = "text-classification"
METRICS = {
    "rho": "spearmanr",
    "auc_at_3": "roc_auc",
    "f1_at_3": "f1",
    "precision_at_3": "precision",
    "recall_at_3": "recall",
}
"""What the hub calls the figures of an evaluation."""
LANGUAGE = re.compile(r"(code|[a-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
"""A language as the hub has it, and what may follow in the name of one: ``zh-Hant``."""
SHIPPED_LICENSE = "apache-2.0"
OWN_FILES = (".gitattributes", CARD, "scorer.json", *FILES)
"""What a repository of a scorer may hold: the hub makes the first by itself."""
FRONT_MATTER = re.compile(r"\A---\r?\n.*?^---\r?\n\s*", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class PushResult:
    """What went to the hub, or would go.

    Parameters
    ----------
    repository : str
        Owner and name there.
    sizes : dict of str to int
        Bytes by name of each file.
    front_matter : str
        Of the card, as YAML.
    embedder : str
        Folder of this machine that the scorer names its embedder by, which others do not have; empty where
        it names none.
    commit : str
        Of the hub; empty where nothing was sent.
    """

    repository: str
    sizes: Mapping[str, int]
    front_matter: str
    embedder: str
    commit: str = ""

    @property
    def address(self) -> str:
        """What `load_scorer` takes: with the commit, if there is one, so that it stays the same scorer."""
        return f"{HUB}{self.repository}{f'@{self.commit}' if self.commit else ''}"


def push_scorer(config: PushConfig) -> PushResult:
    """Check a scorer and put it on the hub, in one commit; a dry run only says what would go.

    A repository that is not there is made. One that holds something else than a scorer is left alone.

    Raises
    ------
    SettingsError, ScorerError
        If the scorer is none or damaged, or the hub refuses it.
    OutputError
        If the repository holds something else.
    MissingExtraError
        If the ``hub`` extra is not installed.
    RunError
        If the hub cannot be reached.
    """
    hub = require("hub", "huggingface_hub")
    repository, license_name = _repository_of(config.name), _license_of(config)
    with scorer_here(config.scorer) as local:
        load_scorer(local)  # it gives its reference texts their scores
        files = read_files(local)
    with naming(config.scorer):
        description: dict[str, Any] = parse_json(files["scorer.json"])
        front_matter = _front_matter(hub, description, repository.rpartition("/")[2], license_name)
        embedder = str((description["embedding"] or {}).get("embedder", {}).get("name", ""))
    card = FRONT_MATTER.sub("", files.get(CARD, b"").decode(errors="replace"))
    files[CARD] = f"---\n{front_matter}---\n\n{card}".encode()
    result = PushResult(
        repository=repository,
        sizes={name: len(content) for name, content in files.items()},
        front_matter=front_matter,
        embedder=embedder if embedder.startswith(("/", ".")) else "",
    )
    if config.dry_run:
        return result
    return replace(result, commit=_send(hub, repository, files, is_private=config.private))


def _repository_of(name: str) -> str:
    address = HubAddress.parse(name if is_on_hub(name) else f"{HUB}{name}")
    if address != HubAddress(address.repository):
        raise SettingsError(
            f"A scorer must go to the main branch of a repository for models, named OWNER/NAME. Got {name!r} "
            "instead."
        )
    return address.repository


def _license_of(config: PushConfig) -> str:
    if config.license is None and config.scorer not in SHIPPED:
        raise SettingsError(
            "A licence must be named with --license: apache-2.0, say, or other. Got none. The labels decide "
            "which it may be."
        )
    return config.license or SHIPPED_LICENSE


def _front_matter(hub: ModuleType, description: Mapping[str, Any], name: str, license_name: str) -> str:
    """Return what the hub reads of a card, as lines of YAML."""
    names = ["code"] if description["domain"] == "code" else description.get("languages", {})
    languages = dict.fromkeys(found[1] for name in names if (found := LANGUAGE.fullmatch(name)))
    results: list[Any] = []
    # Who saved a scorer from Python gave it whatever figures, or none: these are no fault of it.
    with suppress(LookupError, TypeError, AttributeError):
        figures = list(description["metrics"]["nested"].values())[-1]  # of the dearest effort
        results = [
            hub.EvalResult(
                task_type=TASK,
                dataset_type="labels",
                dataset_name=f"{figures['rows']:,} labelled documents, by nested cross-validation",
                metric_type=kind,
                metric_value=round(figures["metrics"][ours]["value"], 4),
                metric_name=f"{kind} at effort {figures['effort']}",
            )
            for ours, kind in METRICS.items()
        ]
    base = (description["embedding"] or {}).get("embedder", {}).get("name", "")
    card = hub.ModelCardData(
        license=license_name,
        language=[one for one in languages if one not in NO_LANGUAGE] or None,
        library_name=LIBRARY,
        pipeline_tag=TASK,
        tags=[LIBRARY, "data-filtering", "data-quality", description["domain"]],
        metrics=[one.metric_type for one in results] or None,
        base_model=base if re.fullmatch(r"[\w-]+(\.[\w-]+)*/[\w.-]+", base, re.ASCII) else None,
        model_name=name if results else None,
        eval_results=results or None,
    )
    return f"{card.to_yaml()}\n"


def _send(hub: ModuleType, repository: str, files: Mapping[str, bytes], *, is_private: bool) -> str:
    """Make one commit of files in a repository, which is made if it is not there; return the commit."""
    api = hub.HfApi()
    missing = require("hub", "huggingface_hub.errors").RepositoryNotFoundError
    with asking_the_hub(f"{HUB}{repository} must take the scorer."):
        try:
            there = api.list_repo_files(repository)
        except missing:
            there = []
            api.create_repo(repository, private=is_private or None, exist_ok=True)
        strangers = sorted(set(there) - set(OWN_FILES))
        if strangers and "scorer.json" not in there:
            raise OutputError(
                f"A scorer must go to a new repository, or to one of a scorer. {HUB}{repository} holds "
                f"{strangers[0]!r}. Choose another name."
            )
        adds = [hub.CommitOperationAdd(name, content) for name, content in files.items()]
        gone = [hub.CommitOperationDelete(name) for name in FILES if name in there and name not in files]
        done = api.create_commit(repository, [*adds, *gone], commit_message="A scorer of edufilter")
        return str(done.oid)
