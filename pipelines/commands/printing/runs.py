"""Prints what runs did, and what one would do: first what matters to whoever started it.

What only a developer asks for (tokens, text beyond reach, unusual documents) is in the manifest and on the
page.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.leaks.hits import COMMON, COMMON_TEXT, PASSAGE
from filtering.printable import listed, printable
from filtering.rubric_points import KEEP_AT, POINTS
from filtering.scoring.unsure import Unsure
from pipelines.amount_formats import counted, duration, percent, points_from, short_count
from pipelines.commands.printing.languages import languages_in_words
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.slices import slices_of
from pipelines.reports.runs.passages import passages_in_words
from pipelines.reports.runs.trained_on import trained_on_of
from pipelines.reports.runs.unsure_documents import are_all, languages_after, warning_after
from pipelines.run.filter import BY_SAMPLE
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import LEAK_OF
from pipelines.run_folder.leaked_items import CONTAMINATED, FILE, count_statuses
from pipelines.run_folder.leaked_items import UNTOLD as NOT_TOLD
from pipelines.run_folder.manifest import written_passages

if TYPE_CHECKING:
    from pipelines.run.audit import AuditResult
    from pipelines.run.estimate import PassagesEstimate, RunEstimate
    from pipelines.run.plan_to_manifest import FilterResult

NO_LEAKS = {
    COMMON: "a task by textbook code alone, such as a usual sorting function",
    COMMON_TEXT: "a task that is common text",
    PASSAGE: "the passage of a task, and not its question",
}
"""How documents without a leak match a task, by verdict."""
SEARCHED = {
    "with nothing to search": {"null": "null", "empty": "empty", "white-space": "white space alone"},
    "searched with a reservation": {
        "nul-characters": "with NUL characters, each of which ends a word",
        "invalid-utf8": "not UTF-8, as the bytes that they are",
        "huge": "over 10 MB, for code by words and signatures alone",
        "unparsable": "with code that does not parse, by its words alone",
    },
}
"""What the counts of a search mean, which are no leaks."""
LEAST_ALL_KEPT = 20
"""Documents from which on it is no chance that a cut keeps all of them."""
SHOWN_FILES = 5
"""Files that are named where they could not be read; the page and the manifest have all."""


def print_result(
    result: "FilterResult", report: Mapping[str, Any] | None = None, *, since_s: float | None = None
) -> int:
    """Print what a run did; return its exit code.

    Parameters
    ----------
    result : FilterResult
    report : mapping, optional
        What ``report.json`` holds, of which kept shares of languages and what the scorer does not know are
        printed.
    since_s : float, optional
        When the command began, by `time.monotonic`.
    """
    settings = result.manifest["settings"]
    where = "run/scores" if settings.get("write") == "scores" else "data"
    by_amount = settings.get("keep_fraction") is not None or settings.get("keep_tokens") is not None
    found = f", down to {points_from(settings['keep_at'])} points" if by_amount and result.kept else ""
    show(
        f"kept {result.kept:,} of {result.rows:,} documents ({percent(result.kept, result.rows)}){found}"
        f"{_uses_and_tokens(result)}{_passages_beside(result.manifest)} -> {printable(result.out)}/{where}"
    )
    looked_at, scored = (report or {}).get("looked_at"), result.rows - sum(result.reasons.values())
    is_sample = isinstance(looked_at, int) and looked_at < scored
    slices = slices_of(report or {})
    languages = languages_in_words(slices, result.out, looked_at, kept=result.kept, is_sample=is_sample)
    if languages:
        show(languages)
    if said := passages_in_words(result.manifest):
        show("passages: " + "\n  ".join(said))
    if "leak_action" in settings:
        _print_leaks(result.manifest, result.out)
    if result.reasons:
        _print_counts("without a score", result.reasons)
    _print_set_aside(result)
    for line in filter(None, (*_notes(result, report or {}), _time_in_words(result, since_s))):
        show(line)
    if result.exit_code == 4:
        show("Exit code 4: the run is complete, but did not hold what was asked for (--on-drift fail).")
    return result.exit_code


def _uses_and_tokens(result: "FilterResult") -> str:
    """Return how often documents are used, and their tokens, unless a tokenizer has counted these."""
    manifest, kept = result.manifest, result.kept
    used = int(manifest.get("used", kept))
    uses = f", used {used:,} times" if used != kept else ""
    if manifest["settings"].get("tokenizer") is not None:
        return uses
    names = ("used_text_bytes" if uses else "kept_text_bytes", "text_bytes")
    taken, there = (short_count(manifest[name] / BYTES_PER_TOKEN) for name in names)
    return f"{uses}, about {taken} tokens" if uses else f", about {taken} of {there} tokens"


def _passages_beside(manifest: Mapping[str, Any]) -> str:
    """Return what a run wrote beside whole documents; empty where it wrote no passages."""
    passages, text_bytes, documents = written_passages(manifest)
    if not passages:
        return ""
    noun, of = "passage" if passages == 1 else "passages", "other" if documents == 1 else "others"
    tokens = short_count(text_bytes / BYTES_PER_TOKEN)
    return f", and {passages:,} {noun} of {documents:,} {of}, about {tokens} more"


def _notes(result: "FilterResult", report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what there is to know of the scores, and to warn of; some of it is empty."""
    yield from _agreement_in_words(report)
    yield _embedded_in_words(result.manifest)
    yield "" if result.agreement is None else audit_in_words(result.agreement)
    yield f"Warning: {printable(result.doubt)}" if result.doubt else ""
    yield _all_kept_in_words(result)
    yield from _unsure_in_words(result, report)
    yield trained_on_of(report)


def _all_kept_in_words(result: "FilterResult") -> str:
    """Return that a cut keeps every document; empty where it does not, or none was asked for."""
    settings = result.manifest["settings"]
    by_amount = settings.get("keep_fraction") is not None or settings.get("keep_tokens") is not None
    keep_at = 0.0 if by_amount or result.manifest["scorer"] is None else settings.get("keep_at") or 0.0
    scored = result.rows - sum(result.reasons.values())
    if not keep_at or result.kept < max(scored, LEAST_ALL_KEPT):
        return ""
    return (
        f"Warning: the cut of {keep_at:g} points keeps every document that has a score. "
        f"Points go from 0 to {POINTS}; the usual cut is {KEEP_AT:g}."
    )


def _agreement_in_words(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield how far each two of several scorers agree, by the report."""
    several = report.get("several")
    for pair in several.get("pairs", ()) if isinstance(several, Mapping) else ():
        first, second, rho = pair["first"], pair["second"], pair["rank_correlation"]
        ranks = "" if rho is None else f"rank correlation {rho:.2f}; "
        yield printable(
            f"{first} and {second}: {ranks}documents that reach the cut: {pair['both']:,} by both, "
            f"{pair['first_only']:,} by {first} alone, {pair['second_only']:,} by {second} alone"
        )


def _unsure_in_words(result: "FilterResult", report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what there is to say of documents that the scorer does not know, by the report if it can."""
    told = report.get("unsure")
    unsure = Unsure(**told) if isinstance(told, Mapping) else result.sampled
    said = languages_after(result.manifest, result.out, unsure)
    by_sample = "" if unsure is None or are_all(result.manifest, unsure) else BY_SAMPLE
    warns = unsure is not None and bool(unsure.of_languages)
    yield said and f"{'Warning' if warns else 'unsure'}{by_sample}: {printable(said)}"
    if unsure is not None and (said := warning_after(result.manifest, result.out, unsure)):
        yield f"Warning{by_sample}: {printable(said)}"


def _time_in_words(result: "FilterResult", since_s: float | None) -> str:
    """Return how long it took, and of a run that scores how fast that was; empty where nothing was read."""
    if not result.rows_scored:
        return ""
    said = f"read {result.rows_scored:,} documents in {duration(result.seconds)}"
    if "recut_from" not in result.manifest["settings"]:
        said += f" ({result.rows_scored / max(result.seconds, 1e-9):,.0f} documents/s)"
    if since_s is None:
        return said
    return f"{said}; {duration(time.monotonic() - since_s)} in all"


def _embedded_in_words(manifest: Mapping[str, Any]) -> str:
    """Return how many documents a run at effort balanced embedded; empty of other runs, and of new cuts."""
    settings = manifest["settings"]
    if settings.get("effort") != "balanced" or "recut_from" in settings:
        return ""
    count, exits = manifest["audit"]["embedded"], settings.get("exits")
    if "combine" in settings:
        return f"embedded for each scorer: {count:,} documents ({percent(count, manifest['rows'])})"
    band = " to ".join(f"{float(points):.2f}" for points in exits.split(" to ")) if exits else ""
    near = f": those that words and style score from {band}" if exits else ""
    return f"embedded: {count:,} documents ({percent(count, manifest['rows'])}){near}"


def _print_counts(what: str, counts: Mapping[str, int]) -> None:
    show(f"{what}: " + ", ".join(f"{count:,} {name}" for name, count in Counter(counts).most_common()))


def _print_set_aside(result: "FilterResult") -> None:
    for one in result.set_aside[:SHOWN_FILES]:
        show(one.in_words)
    if len(result.set_aside) > SHOWN_FILES:
        show(f"could not be read: {len(result.set_aside) - SHOWN_FILES:,} more, named in the report")
    if result.next_step:
        show(result.next_step)


def _print_leaks(manifest: Mapping[str, Any], out: str) -> None:
    is_dropped = manifest["settings"]["leak_action"] == "drop"
    leaked, counts = manifest["leaked"], dict(manifest["leaks"])
    others = {verdict: counts.pop(verdict) for verdict in NO_LEAKS if verdict in counts}
    of_benchmarks = {
        name.removeprefix(LEAK_OF): counts.pop(name) for name in list(counts) if name.startswith(LEAK_OF)
    }
    of_kept = "" if manifest["scorer"] is None else ", of those that reach the cut"
    if manifest["settings"].get("write") == "passages":
        of_kept += " or have a passage"
    holding = "document that holds" if leaked == 1 else "documents that hold"
    done = "removed" if is_dropped else "kept and marked"
    statuses = count_statuses(RunFolder(out))
    if leaked:
        show(f"{done} {leaked:,} {holding} a benchmark task{of_kept}")
    else:
        none = (
            "no document"
            if manifest["scorer"] is None
            else f"none of the {manifest['kept']:,} kept documents"
        )
        looked = sum(count for (_, status), count in statuses.items() if status != NOT_TOLD)
        task = f"one of the {looked:,} tasks that were looked for" if statuses else "a benchmark task"
        show(f"{none} holds {task}" if looked or not statuses else "no task could be looked for")
    if of_benchmarks:
        tasks = Counter[str]()
        for (name, _), count in statuses.items():
            tasks[name] += count
        named = ", ".join(
            f"{name} {count:,} ({statuses[name, CONTAMINATED]:,} of its {tasks[name]:,} tasks)"
            for name, count in Counter(of_benchmarks).most_common()
        )
        several = sum(of_benchmarks.values()) > leaked
        more = " (a document may hold leaks of several)" if several else ""
        show(f"  by benchmark: {printable(named)}{more}")
    for verdict, count in others.items():
        other = "other " if leaked else ""
        match = "document matches" if count == 1 else "documents match"
        show(f"  {count:,} {other}{match} {NO_LEAKS[verdict]}. That is no leak, and such documents are kept")
    _print_search(counts, statuses)
    if leaked or others:
        show(f"  each hit is in {printable(out)}/run/hits.parquet, each task in run/{FILE} beside it")


def _print_search(counts: dict[str, int], statuses: Counter[tuple[str, str]]) -> None:
    """Print which documents and tasks could not be searched and looked for in full."""
    for what, words in SEARCHED.items():
        if some := {words.get(name, name): counts.pop(name) for name in list(counts) if name in words}:
            _print_counts(f"  documents {what}", some)
    if untold := sum(count for (_, status), count in statuses.items() if status == NOT_TOLD):
        show(
            f"  {untold:,} of {statuses.total():,} tasks could not be looked for: their questions are empty, "
            f"too short, or too usual to be told from other text ('{NOT_TOLD}' in run/{FILE})"
        )
        told = {name for name, status in statuses if status != NOT_TOLD}
        if never := sorted({name for name, _ in statuses} - told):
            show(f"  none of the tasks of {listed(never)} could be looked for")


def audit_in_words(found: "AuditResult") -> str:
    """Return what the check of a cascade says, with a verdict or what would give one."""
    return f"{'Warning' if found.is_broken else 'check'}: {found.verdict}"


def print_run_estimate(estimate: "RunEstimate", *, name: str, what_scores: str, writes: bool) -> int:
    """Print what a run would do; return its exit code.

    Parameters
    ----------
    estimate : RunEstimate
    name : str
        Of the scorer.
    what_scores : str
        Its effort in words.
    writes : bool
        Whether rows would be written, and not scores alone.
    """
    plan = estimate.plan
    if estimate.kept is not None:
        share = percent(estimate.kept, plan.rows)
        show(f"The run is complete: it kept {estimate.kept:,} of {plan.rows:,} documents ({share})")
    else:
        _print_guess(estimate)
    if 0 < estimate.rows_left < plan.rows:
        show(f"done already: {plan.rows - estimate.rows_left:,} documents")
    show(
        f"text column: {estimate.text_column or 'not known'}; scorer: {name}; effort: {estimate.effort} "
        f"({what_scores}); parts: {len(plan.parts):,}"
    )
    for loss in plan.losses if writes else ():
        show(loss)
    for one in estimate.set_aside:
        show(one.in_words)
    if estimate.set_aside:
        show("The run would leave out what cannot be read. To read it, repair it first.")
    return estimate.exit_code


def _print_guess(estimate: "RunEstimate") -> None:
    """Print what a run would keep, and how long that would take, by the sample."""
    plan = estimate.plan
    files, kept = len(plan.parts.files), estimate.kept_share * plan.rows
    about = f"{kept:,.0f}" if kept < 10_000 else short_count(kept)
    show(
        f"would keep about {about} of {plan.rows:,} documents "
        f"({100 * estimate.kept_share:.1f} %) and take about {duration(estimate.seconds)}, "
        "and some seconds for loading and the report"
    )
    show(f"from {estimate.sampled_rows:,} documents, drawn over {counted(files, 'file')}")
    if estimate.passages is not None:
        _print_passages_guess(estimate.passages, writes=plan.settings["write"] == "passages")
    if estimate.finds_leaks:
        show("leaks are not counted, nor is the time to look for them: the sample was not searched")
    for warning in filter(None, (estimate.doubt, estimate.warning)):
        show(f"Warning, by that sample: {printable(warning)}")
    if estimate.unsure:
        show(f"unsure, by that sample: {printable(estimate.unsure)}")


def _print_passages_guess(found: "PassagesEstimate", *, writes: bool) -> None:
    """Print what the passages of a run would come to, by the sample."""
    tokens, time_in_words = short_count(found.text_bytes / BYTES_PER_TOKEN), duration(found.seconds)
    does, more = ("write", " more") if writes else ("find", "; --write passages writes them")
    show(
        f"passages: would {does} about {found.passages:,.0f} of about {found.documents:,.0f} other "
        f"documents, about {tokens} tokens{more}. Scoring segments is about {time_in_words} of that time"
    )
