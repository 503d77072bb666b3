"""Settings of the verb that sends a scorer to the hub."""

import re
from typing import Annotated

from pydantic import AfterValidator
from typer import Argument, Option

from filtering.wrong_values import near_name
from pipelines.settings.base import Name, Settings
from pipelines.settings.scorers import ScorerArgument

LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")
"""How the hub names one: ``cc-by-4.0``."""
HUB_LICENSES = (
    *("apache-2.0", "mit", "openrail", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "zlib", "mpl-2.0"),
    *("cc", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0"),
    *("gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "eupl-1.1", "eupl-1.2"),
    *("odc-by", "odbl", "pddl", "etalab-2.0", "cdla-permissive-2.0", "cdla-sharing-1.0", "artistic-2.0"),
    *("afl-3.0", "bigscience-openrail-m", "creativeml-openrail-m", "bigcode-openrail-m", "llama3", "gemma"),
    *("ms-pl", "wtfpl", "unknown", "other"),
)
"""Those that are usual there: https://huggingface.co/docs/hub/repositories-licenses has all."""


def _is_license(name: str | None) -> str | None:
    """Refuse what the hub takes for no licence."""
    if name is not None and not LICENSE.fullmatch(name):
        raise ValueError(f"must be a licence by its name on the hub, such as {near_license(name)}")
    return name


def near_license(name: str) -> str:
    """Return the usual licence of the hub that is meant, or else the first.

    Examples
    --------
    >>> near_license("Apache License 2.0"), near_license("CC BY 4.0"), near_license("GPLv3")
    ('apache-2.0', 'cc-by-4.0', 'gpl-3.0')
    """
    words = re.findall(r"[a-z]+|[0-9.]*[0-9]", name.lower())
    plain = "-".join(word for word in words if word not in ("license", "licence", "the", "version", "v"))
    return near_name(re.sub("^gplv", "gpl", plain), HUB_LICENSES) or HUB_LICENSES[0]


class PushConfig(Settings):
    """Settings of `push_scorer`."""

    scorer: ScorerArgument
    name: Annotated[Name, Argument(metavar="NAME", help="Repository on the Hugging Face hub, as OWNER/NAME.")]
    license: Annotated[
        Name | None,
        AfterValidator(_is_license),
        Option(
            help="Licence of the scorer, as the hub names it, such as apache-2.0 or other. Required for a "
            "scorer of yours."
        ),
    ] = None
    private: Annotated[
        bool, Option("--private", help="If the repository is new, show it to nobody else.")
    ] = False
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only print what would go. Send nothing, and ask the hub nothing.")
    ] = False
