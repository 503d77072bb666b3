"""What a proof says, in sentences: for screen and page alike."""

from collections.abc import Sequence

from pipelines.proof.evaluation_texts import HELD_OUT
from pipelines.proof.proof_result import Proof
from pipelines.proof.verdicts import Difference
from pipelines.settings.proof import DROPPED, KEPT, RANDOM, STYLE, TOY

UNSURE = "cannot be told"
CONTROLS = (f"{HELD_OUT}{RANDOM}", f"{HELD_OUT}{DROPPED}")
"""Texts like the dump as it is: a model that read the kept ones should do worse here."""
TINY = 1e-9
"""Bits per byte below which a share of them says nothing."""
LIMITS = (
    "Models of this size tell which text teaches more per byte. They do not tell fine differences, "
    "nor what needs a "
    "large model: word problems such as GSM8K tell nothing below about 150 M parameters.",
    "With enough text and compute filtered text runs out and is repeated. See the curves: where they "
    "cross, more "
    "training would turn the answer.",
)
"""What must not be concluded."""


def findings(proof: Proof) -> list[str]:
    """Return what a proof says, the most important first."""
    said = [_kept_in_words(proof), *_style(proof), *_controls(proof), *_others(proof), *_tiers(proof)]
    if proof.size == TOY:
        said.insert(
            0,
            "These are toys: they show that everything works, and tell nothing of the text. What follows is "
            "only how a proof reads.",
        )
    if proof.seeds == 1:
        said.append(
            "One seed was trained, so the intervals leave out the luck of first weights and of the draw. "
            "--seeds 3 has it in them."
        )
    return said


def share(difference: Difference, proof: Proof) -> float:
    """Return a difference as a share of what the random arm costs: -0.05 is 5 % fewer bits."""
    return difference.difference.value / max(proof.values[difference.evaluation][RANDOM], TINY)


def _kept_in_words(proof: Proof) -> str:
    mine = [one for one in proof.differences if one.arm == KEPT]
    texts = [
        f"{word} on {_listed(some, proof)}"
        for word, some in (
            ("better", [one for one in mine if one.word == "better"]),
            ("worse", [one for one in mine if one.word == "worse"]),
        )
        if some
    ]
    unsure = [one.evaluation for one in mine if one.word == UNSURE]
    if not texts:
        return (
            "No difference between kept and random text can be told at this budget. Give it more "
            "with --budget, or "
            "more items with --eval."
        )
    told = (
        f"A model that reads what is kept is {', and '.join(texts)}, against one that reads random documents"
    )
    return f"{told}." + (f" For {', '.join(unsure)} it cannot be told." if unsure else "")


def _listed(some: Sequence[Difference], proof: Proof) -> str:
    return ", ".join(f"{one.evaluation} ({_bits(share(one, proof))})" for one in some)


def _bits(share: float) -> str:
    return f"{100 * abs(share):.1f} % {'fewer' if share < 0 else 'more'} bits"


def _style(proof: Proof) -> list[str]:
    """Say whether documents that only look like the kept ones do as well, where kept is better."""
    won = {one.evaluation for one in proof.differences if one.arm == KEPT and one.word == "better"}
    mine = {one.evaluation: one for one in proof.to_kept}
    worse = sorted(name for name in won if mine[name].word == "worse")
    as_well = sorted(name for name in won if mine[name].word != "worse")
    said = []
    if worse:
        said.append(
            f"Documents that only look like the kept ones are worse than these on {', '.join(worse)}: "
            f"there the "
            "filter finds more than style."
        )
    if as_well:
        said.append(
            f"On {', '.join(as_well)} documents that only look like the kept ones do as well, as far "
            f"as can be "
            "told: there the filter may buy style."
        )
    return said


def _controls(proof: Proof) -> list[str]:
    words = {one.evaluation: one.word for one in proof.differences if one.arm == KEPT}
    better = [name for name in CONTROLS if words.get(name) == "better"]
    if better:
        return [
            f"Kept text is better even on {' and '.join(better)}, where a filter should lose. So part "
            f"of what it "
            "gains is text that is easier to learn from as such."
        ]
    worse = [name for name in CONTROLS if words.get(name) == "worse"]
    return [f"On {' and '.join(worse)} it is worse, as a filter should be."] if worse else []


def _others(proof: Proof) -> list[str]:
    names = [name for name in proof.arms if name not in (KEPT, RANDOM, STYLE, DROPPED)]
    said = []
    for name in names:
        mine = [one for one in proof.differences if one.arm == name]
        better = [one.evaluation for one in mine if one.word == "better"]
        worse = [one.evaluation for one in mine if one.word == "worse"]
        said.append(
            f"The arm {name} is better than random on {', '.join(better) or 'nothing'}, and worse on "
            f"{', '.join(worse) or 'nothing'}."
        )
    return said


def _tiers(proof: Proof) -> list[str]:
    said = []
    same, sure = proof.agreement
    if sure:
        verdict = (
            "So it alone would have told as much."
            if same == sure
            else "So it cannot stand in for the others."
        )
        said.append(
            f"The model of bytes takes seconds. It finds the same side better in {same} of the {sure} sure "
            f"differences. {verdict}"
        )
    same, sure = proof.slow_agreement
    if sure:
        said.append(
            f"At a tenth of the learning rate kept and random stand in the same order in {same} of "
            f"{sure} cases that "
            "are sure."
        )
    return said
