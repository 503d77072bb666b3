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
from filtering.scoring.hub_scorers import HUB, NO_TOKEN, HubAddress, asking_the_hub
from filtering.scoring.scorer_files import CARD, FILES, naming, read_files
from filtering.scoring.settings import SHIPPED
from filtering.scoring.unsure import known_languages
from filtering.text.language_names import NO_LANGUAGE
from pipelines.scorer_addresses import scorer_here
from pipelines.settings.push import HUB_LICENSES, PushConfig

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
FRONT_MATTER = re.compile(
    r"\A---\r?\n.*?^---\r?\n\s*(?:<!-- use -->.*?<!-- end of use -->\s*)?", re.DOTALL | re.MULTILINE
)
USE = """<!-- use -->
This is a scorer of edufilter, which keeps the part of a dump that teaches:

```sh
edufilter filter DUMP --scorer {address} --out OUT
```

```python
from filtering import load_scorer

print(load_scorer("{address}").score(["A prime has two divisors."]).value)
```
<!-- end of use -->"""


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
    odd_license : str
        The licence, if it is none that is usual on the hub.
    stays_public : bool
        Whether it was to be private, and the repository was public before.
    commit : str
        Of the hub; empty where nothing was sent.
    """

    repository: str
    sizes: Mapping[str, int]
    front_matter: str
    embedder: str
    odd_license: str = ""
    stays_public: bool = False
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
    repository = _repository_of(config.name)
    with scorer_here(config.scorer) as local:
        load_scorer(local)  # it gives its reference texts their scores
        files = read_files(local)
    license_name = _license_of(config)
    with naming(config.scorer):
        description: dict[str, Any] = parse_json(files["scorer.json"])
        front_matter = _front_matter(hub, description, repository.rpartition("/")[2], license_name)
        embedder = str((description["embedding"] or {}).get("embedder", {}).get("name", ""))
    card = FRONT_MATTER.sub("", files.get(CARD, b"").decode(errors="replace"))
    use = USE.format(address=f"{HUB}{repository}")
    files[CARD] = f"---\n{front_matter}---\n\n{use}\n\n{card}".encode()
    result = PushResult(
        repository=repository,
        sizes={name: len(content) for name, content in files.items()},
        front_matter=front_matter,
        embedder=embedder if embedder.startswith(("/", ".")) else "",
        odd_license="" if license_name in HUB_LICENSES else license_name,
    )
    if config.dry_run:
        return result
    commit, was_public = _send(hub, repository, files, is_private=config.private)
    return replace(result, commit=commit, stays_public=was_public and config.private)


def _repository_of(name: str) -> str:
    repository = name.removeprefix(HUB)
    try:
        require("hub", "huggingface_hub.utils").validate_repo_id(repository)
        address = HubAddress.parse(f"{HUB}{repository}")
    except (ValueError, SettingsError) as error:
        raise _not_a_repository(name) from error
    if address != HubAddress(repository):
        raise _not_a_repository(name)
    return repository


def _not_a_repository(name: str) -> SettingsError:
    return SettingsError(
        "A scorer must go to a repository for models, named OWNER/NAME: of letters, digits, '-', '_' and "
        f"'.', without '--' or '..', and without a revision. Got {name!r} instead."
    )


def _license_of(config: PushConfig) -> str:
    if config.license is None and config.scorer not in SHIPPED:
        raise SettingsError(
            "A licence must be named with --license: apache-2.0, say, or other. Got none. Which "
            "one you may give depends on the licence of the labels that the scorer was fitted to."
        )
    return config.license or SHIPPED_LICENSE


def _front_matter(hub: ModuleType, description: Mapping[str, Any], name: str, license_name: str) -> str:
    """Return what the hub reads of a card, as lines of YAML."""
    labels = description.get("languages", {})
    names = ["code"] if description["domain"] == "code" else known_languages(labels)
    languages = dict.fromkeys(found[1] for name in names if (found := LANGUAGE.fullmatch(name)))
    results: list[Any] = []
    # Who saved a scorer from Python gave it whatever figures, or none: these are no fault of it.
    with suppress(LookupError, TypeError, AttributeError):
        figures = list(description["metrics"]["nested"].values())[-1]  # of the dearest effort
        rows, metrics, drawn = figures["rows"], figures["metrics"], ""
        if figures["unbiased_rows"]:  # those to go by
            rows, metrics = figures["unbiased_rows"], figures["unbiased_metrics"]
            drawn = " drawn at random" if figures["origin_known"] else ""
        results = [
            hub.EvalResult(
                task_type=TASK,
                dataset_type="labels",
                dataset_name=f"{rows:,} labelled documents{drawn}, by nested cross-validation",
                metric_type=kind,
                metric_value=round(metrics[ours]["value"], 4),
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


def _send(
    hub: ModuleType, repository: str, files: Mapping[str, bytes], *, is_private: bool
) -> tuple[str, bool]:
    """Make one commit of files in a repository, which is made if it is not there.

    Returns
    -------
    str, bool
        The commit, and whether the repository was there for all to see.
    """
    api, was_public = hub.HfApi(), False
    missing = require("hub", "huggingface_hub.errors").RepositoryNotFoundError
    with asking_the_hub(f"{HUB}{repository} must take the scorer."):
        if hub.get_token() is None:
            raise SettingsError(f"{HUB}{repository} must take the scorer. {NO_TOKEN}")
        try:
            # Not `list_repo_files`, which tries for half a minute where there is no network.
            found = api.repo_info(repository)
            there, was_public = [one.rfilename for one in found.siblings or ()], not found.private
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
        return str(done.oid), was_public
