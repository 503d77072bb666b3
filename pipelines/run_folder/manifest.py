"""The manifest of a run: totals, and one row an output file. Its existence means that the run is complete."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filtering.errors import EdufilterError, OutputError
from filtering.scoring.audited import count_audited
from pipelines.dump.parts import Parts, SetAside
from pipelines.dump.reading import open_parquet
from pipelines.names import lookup_below
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.own_files import as_written, of_schema
from pipelines.run_folder.plan import CUT_OF, SCORED_FORMATS, Plan
from pipelines.run_folder.receipts import RECEIPT_SCHEMA, Receipt, sum_of_counts

TOTALS = (
    *("rows", "kept", "used", "text_bytes", "kept_text_bytes", "used_text_bytes"),
    *("unread_bytes", "tokens", "tokens_read"),
    *("data_bytes", "leaked"),
)
"""What a run says of all its parts together."""
EMBEDDED = ("embedded", "embedded_kept")
"""And that where its scorer is a cascade."""
OF_RUNS_ALONE = (
    "key",
    "reasons",
    "unusual",
    "leaks",
    "unsure",
    "passages",
    "unread_bytes",
    "audited",
    *EMBEDDED,
)
COLUMNS = tuple(name for name in RECEIPT_SCHEMA.names if name not in OF_RUNS_ALONE)
"""What the manifest says of each part."""
MANIFEST_SCHEMA = pa.schema(
    [("relative", pa.string()), ("first_row", pa.int64()), *(RECEIPT_SCHEMA.field(name) for name in COLUMNS)]
)


def written_passages(manifest: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return how many passages a run wrote beside whole documents, their bytes, and their documents."""
    found = manifest.get("passages")
    if not found or manifest["settings"].get("write") != "passages":
        return 0, 0, 0
    return found["passages"], found["passage_bytes"], found["cut"]


def write_manifest(folder: RunFolder, plan: Plan, scorers: Mapping[str, str]) -> None:
    """Write ``manifest.parquet``, then ``manifest.json``, in memory that hardly grows with the parts.

    Parameters
    ----------
    folder : RunFolder
    plan : Plan
    scorers : mapping of str to str
        Addresses of the scorers by name; empty where nothing is scored.

    Raises
    ------
    RunError
        If the receipts do not add up to the plan.
    """
    totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    unusual: Counter[str] = Counter()
    leaks: Counter[str] = Counter()
    unsure: Counter[str] = Counter()
    passages: Counter[str] = Counter()
    audited = [np.zeros(0, np.uint64)]
    set_aside = list(plan.set_aside)

    def rows() -> Iterator[pa.Table]:
        first = 0
        for receipts in folder.receipts_in_order(plan.parts):
            parts = plan.parts.table.slice(first, len(receipts)).select(["relative", "first_row"])
            first += len(receipts)
            good = receipts.filter(pc.equal(receipts["set_aside"], ""))
            totals.update({name: pc.sum(good[name]).as_py() or 0 for name in (*TOTALS, *EMBEDDED)})
            totals["output_files"] += pc.sum(pc.greater(good["data_bytes"], 0)).as_py() or 0
            reasons.update(sum_of_counts(good["reasons"]))
            unusual.update(sum_of_counts(good["unusual"]))
            leaks.update(sum_of_counts(good["leaks"]))
            unsure.update(sum_of_counts(good["unsure"]))
            passages.update(sum_of_counts(good["passages"]))
            audited.append(pc.list_flatten(good["audited"]).to_numpy())
            table = pa.table({**_columns(parts), **_columns(receipts.select(COLUMNS))}).cast(MANIFEST_SCHEMA)
            broken = table.filter(pc.not_equal(table["set_aside"], ""))
            for row in broken.select(["relative", "rows", "first_row", "set_aside"]).to_pylist():
                set_aside.append(SetAside(why=row.pop("set_aside"), **row))
            yield table

    folder.write_tables(folder.run / "manifest.parquet", MANIFEST_SCHEMA, rows())
    without_score = sum(reasons.values())
    folder.write_json(
        folder.manifest,
        {
            "edufilter": version("edufilter"),
            "plan": plan.digest,
            "scorer": next(iter(scorers.values()), None),
            **({"scorers": _named(scorers)} if plan.facts.combine is not None else {}),
            "settings": dict(plan.settings),
            **{name: totals[name] for name in TOTALS},
            "output_files": totals["output_files"],
            "dropped": totals["rows"] - totals["kept"] - without_score,
            "without_score": without_score,
            "audit": {name: totals[name] for name in EMBEDDED} | count_audited(np.concatenate(audited)),
            "reasons": dict(reasons),
            "unusual": dict(unusual),
            "leaks": dict(leaks),
            "unsure": dict(unsure),
            "passages": dict(passages),
            "set_aside": [asdict(one) for one in set_aside],
        },
    )


def _named(scorers: Mapping[str, str]) -> list[dict[str, str]]:
    """Return scorers in their order, which is that of their columns: JSON keeps none of names."""
    return [{"name": name, "address": address} for name, address in scorers.items()]


def scorers_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of a run's scorers by name; one alone has its address for a name."""
    if several := manifest.get("scorers"):
        return {str(one["name"]): str(one["address"]) for one in several}
    return {} if manifest["scorer"] is None else {str(manifest["scorer"]): str(manifest["scorer"])}


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))


def read_set_aside(manifest: dict[str, Any]) -> tuple[SetAside, ...]:
    """Return what a manifest says could not be read."""
    return tuple(SetAside(**one) for one in manifest["set_aside"])


@dataclass(frozen=True)
class ScoredParts:
    """The parts of a finished run that could be read, and where their scores are.

    Parameters
    ----------
    parts : Parts
    folder : RunFolder
        The run that holds the scores: another one where the run is a new cut.
    """

    parts: Parts
    folder: RunFolder


def read_parts(folder: RunFolder, plan: Plan) -> Parts:
    """Return the parts of a finished run that could be read."""
    unread = {(one.relative, one.first_row) for one in read_set_aside(folder.read_manifest())}
    is_good = [(part.relative, part.first_row) not in unread for part in plan.parts]
    return plan.parts.where(np.array(is_good, dtype=bool))


def scored_parts(folder: RunFolder, plan: Plan) -> ScoredParts:
    """Return the parts of a finished run that could be read, all of which must have their scores.

    Parameters
    ----------
    folder : RunFolder
    plan : Plan
        That of the folder.

    Raises
    ------
    OutputError
        If scores are gone, or there never were any.
    """
    if not plan.facts.scores:
        raise OutputError(
            f"{folder.root} must hold a run with scores. A decontaminate run has no scores. Why a document "
            f"was removed: 'edufilter explain --run {folder.root}', and for all of them "
            f"{folder.run / 'hits.parquet'}. For scores, run 'edufilter filter'; --against removes leaks too."
        )
    good, holder = read_parts(folder, plan), holder_of_scores(folder, plan)
    is_stored = lookup_below(holder.scores)
    gone = [part.output for part in good if not is_stored(part.output)]
    if gone:
        raise OutputError(
            f"{holder.root} must hold the scores of all parts. Those of {gone[0]} are gone. Mend it: "
            f"'edufilter clean {holder.root} --damaged', then the command that began the run."
        )
    return ScoredParts(good, holder)


def holder_of_scores(folder: RunFolder, plan: Plan) -> RunFolder:
    """Return the run that holds the scores of a finished run: the one that it is a new cut of, or itself.

    Raises
    ------
    OutputError
        If the run that it is a new cut of is not there any more, or is another one now.
    """
    wanted = plan.settings.get(CUT_OF)
    if wanted is None:
        return folder
    problem = f"{folder.root} is a new cut of {plan.origin!r}, and has no scores of its own."
    try:
        holder = RunFolder(plan.origin)
        if holder.read_finished_plan(SCORED_FORMATS).digest == wanted:
            return holder
    except (EdufilterError, OSError) as error:
        raise OutputError(f"{problem} {error}") from error
    raise OutputError(f"{problem} That folder holds another run now. Bring back the one that it was.")


def receipts_of_manifest(folder: RunFolder) -> Iterator[Receipt]:
    """Yield what the manifest says of each part, in the order of the plan; reasons and keys are not in it."""
    path = folder.run / "manifest.parquet"
    wanted = pa.schema([RECEIPT_SCHEMA.field(name) for name in COLUMNS])
    with as_written(path), open_parquet(folder.own_file(path)) as file:
        for batch in file.iter_batches(columns=list(COLUMNS)):
            rows = of_schema(pa.Table.from_batches([batch]), wanted).to_pylist()
            yield from (Receipt(key="", **row) for row in rows)
