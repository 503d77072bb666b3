"""The rubric that labels follow: a table of labels carries it with it, wherever its file goes."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annotations.asking.prompt import rubric_digest
from annotations.asking.rubric import KIND, Rubric, load_rubric
from annotations.labels.columns import DIGEST, is_string
from annotations.labels.sources import LABELS_FILE
from filtering.errors import LabelsError
from filtering.printable import listed

KEY = b"edufilter.rubric"
"""In the metadata of a table, and so in the footer of its file."""
SHA256 = re.compile("[0-9a-f]{64}")
SHOWN = 12
"""Of a digest: enough to tell it from others."""


def with_rubric(table: pa.Table, rubric: Rubric | None) -> pa.Table:
    """Return a table that names a rubric; as it is where there is none.

    Examples
    --------
    >>> from annotations.asking.rubric import load_rubric
    >>> sorted(with_rubric(pa.table({}), load_rubric("web")).schema.metadata)
    [b'edufilter.rubric']
    """
    return table if rubric is None else table.replace_schema_metadata({KEY: rubric.model_dump_json()})


def rubric_of(source: Any) -> Rubric | None:  # noqa: ANN401 - a path, or an object of `datasets`
    """Return the rubric that labels name; None where they name none, or none that can be read.

    Parameters
    ----------
    source : str or datasets.Dataset or datasets.IterableDataset
        As `read_labels` takes it. Only a folder that `edufilter annotate` wrote, the table in it, and the
        whole texts beside a sample for people name one.
    """
    if not isinstance(source, str):
        return None
    path = Path(source, LABELS_FILE) if Path(source).is_dir() else Path(source)
    try:
        with open(path, "rb") as file:
            told = (pq.read_schema(file).metadata or {}).get(KEY)
        return None if told is None else Rubric.model_validate_json(told)
    except (OSError, ValueError, pa.ArrowException):  # another form of labels, or a key that is not ours
        return None


def digests_of(table: pa.Table) -> set[str]:
    """Return the digests of the rubrics that labels were given by, as far as they say.

    Examples
    --------
    >>> digests_of(pa.table({"score": [1.0, 2.0], "rubric_sha256": ["", "no digest"]}))
    set()
    """
    if DIGEST not in table.column_names or not is_string(table[DIGEST].type):
        return set()
    return {one for one in pc.unique(table[DIGEST]).to_pylist() if one and SHA256.fullmatch(one)}


def refuse_several(digests: Collection[str], where: str) -> None:
    """Refuse labels of several rubrics: points of one mean something else than those of another.

    Raises
    ------
    LabelsError
        If there is more than one digest.
    """
    if len(digests) > 1:
        raise LabelsError(
            f"Labels in {where} must be given by one rubric. Found {len(digests)} in its column {DIGEST}: "
            f"{listed(one[:SHOWN] for one in sorted(digests))}. Take those of each apart."
        )


def rubric_of_scores(named: str | None, table: pa.Table, files: Sequence[str], where: str) -> Rubric | None:
    """Return the rubric that scores of others were given by; None where nothing tells.

    Parameters
    ----------
    named : str or None
        Rubric that the user named.
    table : Table
        Of the scores: its column ``rubric_sha256`` tells, where it has one.
    files : sequence of str
        Files or folders that may name the rubric, as `rubric_of` takes them.
    where : str
        What holds the scores, for messages.

    Raises
    ------
    LabelsError
        If they are of several rubrics, of another than was named, or of one that is not at hand.
    RubricError
        If the named one is none.
    """
    digests = digests_of(table)
    refuse_several(digests, where)
    found = [one for one in map(rubric_of, files) if one is not None]
    told = digests or {rubric_digest(one) for one in found[:1]}
    if named is not None:
        rubric = load_rubric(named)
        if told and rubric_digest(rubric) not in told:
            names = [f"{one.name!r}, " for one in found if rubric_digest(one) in told]
            raise LabelsError(
                f"--rubric must be the one that scores in {where} were given by ({''.join(names[:1])}"
                f"sha256 {listed(one[:SHOWN] for one in told)}). {rubric.name!r} asks something else (sha256 "
                f"{rubric_digest(rubric)[:SHOWN]}). Leave it out, or name the other one."
            )
        return rubric
    shipped = [load_rubric(one) for one in KIND.shipped] if digests else []
    known = next((one for one in (*found, *shipped) if rubric_digest(one) in told), None)
    if told and known is None:
        raise LabelsError(
            f"The rubric that scores in {where} were given by must be at hand (sha256 "
            f"{listed(one[:SHOWN] for one in told)}). It is none of the shipped ones. Name its file with "
            "--rubric, or put the whole texts that sample wrote beside the scores."
        )
    return known
