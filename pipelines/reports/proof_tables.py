"""Figures of a proof as tables, which its page and the command show."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, nan

from filtering.judging.intervals import Estimate
from pipelines.amount_formats import short_count
from pipelines.page_kit.page import Table
from pipelines.proof.findings import CONTROLS
from pipelines.proof.proof_result import Proof
from pipelines.proof.training import LEGO, SCRATCH
from pipelines.proof.verdicts import Difference
from pipelines.settings.proof import DROPPED, KEPT, RANDOM, STYLE, ProveConfig

FIRST_ARMS = (RANDOM, KEPT, STYLE, DROPPED)
"""How arms stand on a page; those of the user follow."""
UNDEFINED = "not defined"
WHENS = ("quarter", "half", "whole")
"""Of the training: when `Proof.early` was measured."""
KINDS = {"text": "documents", "completion": "texts after a prompt", "choices": "questions with choices"}
"""Kinds of evaluations in words."""
SETTINGS = {
    "evaluations": "evaluation files",
    "against": "run of the arm against",
    "budget": "time to fit into, s",
    "repeat_as_for": "documents repeat as for a model of so many tokens",
    "seed": "seed of the draws",
    "items": "items of an evaluation file, at most",
    "device": "device",
    "probe": "probe",
}
"""Settings in words that `Proof` does not hold."""


def arms_of(proof: Proof) -> list[str]:
    """Return the arms of a proof as a page orders them, `RANDOM` first."""
    return sorted(proof.arms, key=lambda arm: FIRST_ARMS.index(arm) if arm in FIRST_ARMS else len(FIRST_ARMS))


def evaluations_of(proof: Proof) -> tuple[list[str], list[str]]:
    """Return evaluations, and apart from them those that are controls."""
    controls = [name for name in proof.evaluations if name in CONTROLS]
    return [name for name in proof.evaluations if name not in CONTROLS], controls


def percent_of_random(proof: Proof, evaluation: str, bits: float) -> float:
    """Return an amount of bits per byte in percent of what the arm `RANDOM` costs; NaN where that is none."""
    whole = proof.values[evaluation][RANDOM]
    return 100 * bits / whole if whole and isfinite(whole) else nan


def in_bits(bits: float) -> str:
    """Return bits per byte in words."""
    return f"{bits:.3f}" if isfinite(bits) else UNDEFINED


def signed_percent(percent: float) -> str:
    """Return a difference in percent in words."""
    return f"{_signed(percent)} %" if isfinite(percent) else UNDEFINED


def _signed(number: float) -> str:
    return f"{round(number, 1) + 0.0:+.1f}"  # -0.0 + 0.0 is 0.0


def _interval(estimate: Estimate, worded: Callable[[float], str]) -> str:
    ends = (estimate.low, estimate.high)
    return " to ".join(map(worded, ends)) if all(map(isfinite, ends)) else UNDEFINED


def kept_table(proof: Proof, arms: Sequence[str]) -> Table:
    """Return bits per byte of some arms, and the difference between `KEPT` and `RANDOM`, by evaluation."""
    mine = {one.evaluation: one for one in proof.differences if one.arm == KEPT}

    def row(name: str) -> tuple[str, ...]:
        bits = [in_bits(proof.values[name].get(arm, nan)) for arm in arms]
        one = mine.get(name)
        if one is None:
            return (name, *bits, UNDEFINED, UNDEFINED, UNDEFINED)
        difference = signed_percent(percent_of_random(proof, name, one.difference.value))
        interval = _interval(_percents(proof, one), _signed)
        return (name, *bits, difference, interval, one.word)

    evaluations, controls = evaluations_of(proof)
    rows = [row(name) for name in (*evaluations, *controls)]
    head = ("", *arms, "difference", "95 %", "verdict")
    return Table(f"Bits per byte, and the difference of {KEPT} to {RANDOM}", head, rows)


def _percents(proof: Proof, one: Difference) -> Estimate:
    amounts = (one.difference.value, one.difference.low, one.difference.high)
    return Estimate(*(percent_of_random(proof, one.evaluation, bits) for bits in amounts))


def difference_rows(proof: Proof, evaluations: Sequence[str]) -> list[dict[str, str | float]]:
    """Return differences to `RANDOM` in percent of it, as `draw_differences` takes them.

    What is not defined is left out: no mark can stand for it.
    """
    told = {(one.evaluation, one.arm): _percents(proof, one) for one in proof.differences}
    return [
        {"evaluation": name, "arm": arm, "value": one.value, "low": one.low, "high": one.high}
        for name in evaluations
        for arm in arms_of(proof)
        if (one := told.get((name, arm))) and all(map(isfinite, (one.value, one.low, one.high)))
    ]


def early_rows(proof: Proof, evaluation: str) -> list[dict[str, str | float]]:
    """Return differences to `RANDOM` in percent of it at each of `WHENS`, as `draw_early` takes them."""
    early = proof.early.get(evaluation, {})
    base = early.get(RANDOM, ())
    return [
        {"arm": arm, "when": when, "value": 100 * (bits - of_random) / of_random}
        for arm in arms_of(proof)
        if arm != RANDOM
        for when, bits, of_random in zip(WHENS, early.get(arm, ()), base, strict=False)
        if of_random and isfinite(bits) and isfinite(of_random)
    ]


def crossing(proof: Proof) -> list[str]:
    """Return evaluations on which the lines of `KEPT` and `RANDOM` cross."""
    values = {
        name: [float(row["value"]) for row in early_rows(proof, name) if row["arm"] == KEPT]
        for name in proof.evaluations
    }
    return [name for name, some in values.items() if some and min(some) < 0 < max(some)]


def differences_table(some: Sequence[Difference], caption: str) -> Table:
    """Return differences in bits per byte, each with its interval and verdict."""
    rows = [
        (
            one.evaluation,
            one.arm,
            in_bits(one.difference.value),
            _interval(one.difference, in_bits),
            f"{one.p_value:.4f}" if isfinite(one.p_value) else UNDEFINED,
            one.word,
        )
        for one in some
    ]
    head = ("", "arm", "difference", "95 %", "p, corrected", "verdict")
    return Table(caption, head, rows, texts=2)


def verdicts_table(proof: Proof) -> Table:
    """Return of all arms but `KEPT` whether they are better than `RANDOM`; and of `STYLE`, than `KEPT`."""
    words = {(one.evaluation, one.arm): one.word for one in proof.differences}
    to_kept = {one.evaluation: one.word for one in proof.to_kept}
    arms = [arm for arm in arms_of(proof) if arm not in (RANDOM, KEPT)]
    rows = [
        (name, *(words.get((name, arm), UNDEFINED) for arm in arms), to_kept.get(name, UNDEFINED))
        for part in evaluations_of(proof)
        for name in part
    ]
    head = ("", *arms, f"{STYLE} against {KEPT}")
    return Table(f"Verdicts on the other arms, against {RANDOM}", head, rows)


def accuracy_table(proof: Proof) -> Table:
    """Return how often the right choice is the likeliest."""
    arms = arms_of(proof)
    rows = [
        (name, _share(one.chance), *(_share(one.shares.get(arm, nan)) for arm in arms))
        for name, one in proof.accuracies.items()
    ]
    return Table("Right choices", ("", "by chance", *arms), rows)


def _share(share: float) -> str:
    return f"{100 * share:.1f} %" if isfinite(share) else UNDEFINED


def margins_table(proof: Proof) -> Table:
    """Return mean margins of the right choice."""
    return _by_arm(proof, "Margin of the right choice, bits per byte", proof.margins)


def _by_arm(proof: Proof, caption: str, values: Mapping[str, Mapping[str, float]]) -> Table:
    arms = arms_of(proof)
    rows = [(name, *(in_bits(of.get(arm, nan)) for arm in arms)) for name, of in values.items() if of]
    return Table(caption, ("", *arms), rows)


def early_table(proof: Proof) -> Table:
    """Return bits per byte at each of `WHENS`, by evaluation and arm."""
    rows = [
        (name, arm, *(in_bits(value) for value in (*early[arm], nan, nan, nan)[: len(WHENS)]))
        for name, early in proof.early.items()
        for arm in arms_of(proof)
        if arm in early
    ]
    return Table("Bits per byte while models are trained", ("", "arm", *WHENS), rows, texts=2)


def losses_table(proof: Proof) -> Table:
    """Return the ends of loss curves."""
    rows = [
        (arm, len(curve), f"{curve[-1].seen_bytes / 1e6:.3g}", in_bits(curve[-1].bits_per_byte))
        for arm in arms_of(proof)
        if (curve := proof.curves.get(arm))
    ]
    return Table("Ends of the curves", ("", "points", "text seen, MB", "bits per byte"), rows)


def lego_table(proof: Proof) -> Table:
    """Return how well models follow chains in the end: a row a model, a column a place."""
    places = len(next(iter(proof.lego.values()))[-1])
    head = ("read before", *(f"variable {place + 1}" for place in range(places)))
    rows = [
        ("nothing" if name == SCRATCH else name, *(_share(share) for share in looks[-1]))
        for name, looks in proof.lego.items()
    ]
    caption = f"Values told right. Guessing gives 50 %. Variable {LEGO.trained + 1} and on were not trained."
    return Table(caption, head, rows)


def drawn_tables(proof: Proof) -> list[Table]:
    """Return what was drawn for arms, what was left out, and what was measured."""
    arms = [
        (name, facts.words, facts.documents, _points(facts.mean_score), f"{facts.repeats:.3g}")
        for name, facts in ((arm, proof.arms[arm]) for arm in arms_of(proof))
    ]
    removed = list(proof.removed.items()) or [("nothing", 0)]
    measured = [
        (name, KINDS.get(kind, kind), items, of) for name, (kind, items, of) in proof.evaluations.items()
    ]
    head = ("arm", "documents are", "documents", "mean score", "each comes at most")
    return [
        Table("Arms, of the first seed", head, arms, texts=2),
        Table("Documents left out", ("why", "documents"), removed),
        Table("Evaluations", ("", "kind", "items measured", "items there"), measured),
    ]


def _points(score: float) -> str:
    return f"{score:.2f}" if isfinite(score) else UNDEFINED


def settings_table(proof: Proof, config: ProveConfig) -> Table:
    """Return what the proof was asked for, and what was chosen."""
    given = config.model_dump(mode="json")
    rows = [
        ("run", proof.run),
        ("scorer", proof.scorer),
        ("size of the models", f"{proof.size}, {short_count(proof.parameters)} parameters"),
        ("seeds", proof.seeds),
        ("text of an arm, bytes", proof.arm_bytes),
        ("passes", proof.passes),
    ]
    told = ((words, given[name]) for name, words in SETTINGS.items())
    rows += [(words, _setting(value)) for words, value in told if value not in (None, [])]
    return Table("Settings", ("setting", "value"), rows, texts=2)


def _setting(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
