"""Scorers on the Hugging Face hub: what an address of one means, and a copy of its files on this machine.

The copy lies in the cache of the hub's own client, by commit. Where there is no network, the newest copy is
used. What is copied is checked as any scorer is, by who loads it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from filtering.errors import EdufilterError, RunError, SettingsError
from filtering.extras import require

HUB = "hf://"
ADDRESS = re.compile(
    r"hf://(?:(?P<kind>dataset|space|model)s/)?(?P<repository>[\w.-]+/[\w.-]+)"
    r"(?:@(?P<revision>refs/(?:pr|convert)/[\w.-]+|[^/@:]+))?(?:/(?P<folder>[^@:]*[^@:/]))?/?",
    re.ASCII,
)
OFFLINE = ("ConnectError", "ConnectTimeout", "ConnectionError", "ProxyError", "OfflineModeIsEnabled")
"""What the hub's client raises where there is no way to it."""
NO_TOKEN = "You have no token. Log in with 'hf auth login', or set HF_TOKEN."
WRONG_TOKEN = "The hub refused your token. Log in with 'hf auth login', or set HF_TOKEN to another one."
REFUSED = (401, 403, 404)
"""What the hub answers where it has no such thing, or does not show it: another try cannot mend that."""


@dataclass(frozen=True)
class HubAddress:
    """Where on the hub a scorer is.

    Parameters
    ----------
    repository : str
        Owner and name.
    revision : str, optional
        Branch, tag or commit; the main branch if not given.
    folder : str
        In the repository; empty for all of it.
    kind : str
        Of repository: ``model`` or ``dataset``, say.
    """

    repository: str
    revision: str | None = None
    folder: str = ""
    kind: str = "model"

    @classmethod
    def parse(cls, address: str) -> "HubAddress":
        """Return what an address means.

        Raises
        ------
        SettingsError
            If it names no repository.

        Examples
        --------
        >>> HubAddress.parse("hf://me/physics@v1")
        HubAddress(repository='me/physics', revision='v1', folder='', kind='model')
        """
        found = ADDRESS.fullmatch(address)
        if found is None:
            raise SettingsError(
                f"A scorer of the hub must be named hf://OWNER/NAME, or hf://OWNER/NAME@REVISION. Got "
                f"{address!r} instead."
            )
        revision = (found["revision"] or "").replace("%2F", "/") or None
        return cls(found["repository"], revision, found["folder"] or "", found["kind"] or "model")


def is_on_hub(name: str) -> bool:
    """Tell whether a scorer is named by an address of the hub."""
    return str(name).startswith(HUB)


def copy_of_hub(name: str, files: Sequence[str], most_bytes: int) -> Path:
    """Return the folder of a copy of a scorer, which is brought here if it is not here.

    It is asked for with the user's own token, where there is one: it was named by the user.

    Parameters
    ----------
    name : str
        Its address.
    files : sequence of str
        That a scorer may have, the first of which it must have. No others are copied.
    most_bytes : int
        That these may have together.

    Raises
    ------
    SettingsError
        If there is no such scorer, or it is too large.
    RunError
        If the hub cannot be reached, and there is no copy.
    MissingExtraError
        If the ``hub`` extra is not installed.
    """
    at = HubAddress.parse(name)
    hub = require("hub", "huggingface_hub")
    paths = [f"{at.folder}/{one}" if at.folder else one for one in files]
    with asking_the_hub(f"{name!r} must be a scorer on the hub."):
        offline = _refuse_unfit(hub, name, at, paths, most_bytes)
        found = hub.snapshot_download(
            at.repository,
            repo_type=at.kind,
            revision=at.revision,
            allow_patterns=paths,
            local_files_only=offline is not None,
        )
    return Path(found, at.folder)


def _refuse_unfit(
    hub: ModuleType, name: str, at: HubAddress, paths: Sequence[str], most_bytes: int
) -> Exception | None:
    """Refuse what is no scorer before anything is copied; return why the hub cannot be asked, if so."""
    try:
        found = hub.HfApi().get_paths_info(
            at.repository, list(paths), repo_type=at.kind, revision=at.revision
        )
    except Exception as error:
        if _status_of(error) in REFUSED:
            raise
        return error  # the copy of another day will do, if there is one
    sizes = {one.path: getattr(one, "size", 0) for one in found}
    if paths[0] not in sizes or sum(sizes.values()) > most_bytes:
        what = "It has none" if paths[0] not in sizes else f"It has {sum(sizes.values()):,} bytes"
        raise SettingsError(
            f"A scorer must be a folder of {Path(paths[0]).name} and a few megabytes beside it. Got "
            f"{name!r}. {what}."
        )
    return None


@contextmanager
def asking_the_hub(what: str) -> Iterator[None]:
    """Ask without bars of progress, for a scorer is a few megabytes; tell what goes wrong in our words.

    Parameters
    ----------
    what : str
        What must hold, as a sentence.

    Raises
    ------
    SettingsError
        If the hub refuses.
    RunError
        If it cannot be reached, or fails.
    """
    bars, logs = require("hub", "huggingface_hub.utils"), require("hub", "huggingface_hub.utils.logging")
    were_shown, told = not bars.are_progress_bars_disabled(), logs.get_verbosity()
    logs.set_verbosity_error()  # of a network that is not there the client tells at each try
    bars.disable_progress_bars()
    try:
        yield
    except EdufilterError:
        raise
    except Exception as error:  # whatever the client makes of the network, or of an odd answer
        is_refused = 400 <= _status_of(error) < 500 or isinstance(error, ValueError)
        raise (SettingsError if is_refused else RunError)(f"{what} {_refusal(error)}") from error
    finally:
        logs.set_verbosity(told)
        if were_shown:
            bars.enable_progress_bars()


def _refusal(error: Exception) -> str:
    """Return in words why the hub, or its client, did not do what it was asked."""
    status, kind = _status_of(error), type(error).__name__
    if kind == "RevisionNotFoundError":
        return "The repository has no such revision."
    if isinstance(error, UnicodeError) or "header value" in str(error):
        return "HF_TOKEN must be a token of the hub, of ASCII letters, digits and underscores. It is none."
    if status == 401 and kind != "RepositoryNotFoundError":
        return NO_TOKEN if require("hub", "huggingface_hub").get_token() is None else WRONG_TOKEN
    if kind == "RepositoryNotFoundError" or status == 404:
        return (
            "There is no such repository, or none that your token may see. Log in with 'hf auth login', or "
            "set HF_TOKEN."
        )
    if status == 403:
        return "Your token may not do that. Log in with another one, or set HF_TOKEN."
    if not status and kind in OFFLINE:
        return "The hub cannot be reached. Check the network, or the proxy in HTTPS_PROXY."
    if kind == "LocalEntryNotFoundError":
        return "The hub cannot be reached, and there is no copy on this machine."
    said = " ".join(str(error).split())
    return f"{kind}: {said[:300].rstrip('.')}." if said else f"{kind}."


def _status_of(error: Exception) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)
