"""Makes proofs by hand, as `prove_run` returns them: no model is trained."""

from filtering.judging.intervals import Estimate
from pipelines.proof.language_model import CurvePoint
from pipelines.proof.proof_result import ArmFacts, Proof
from pipelines.proof.verdicts import Accuracy, Difference
from pipelines.settings.proof import ProveConfig

ARMS = ("dropped", "kept", "random", "style")
EVALUATIONS = {
    "mbpp": ("completion", 100, 500), "arc_easy": ("choices", 100, 570), "held-out kept": ("text", 90, 90),
    "held-out random": ("text", 80, 80), "held-out dropped": ("text", 70, 70),
}  # fmt: skip
BITS = {"dropped": 1.03, "kept": 0.96, "random": 1.0, "style": 0.99}
WORDS = {"dropped": "worse", "kept": "better", "style": "cannot be told"}
PROMPTS = ("def add(a, b):", "Water is")


def make_proof(*, evaluations=None, arms=ARMS, prompts=PROMPTS, **changed):
    """Return a proof in which `kept` is 4 % better everywhere; `changed` are fields to replace."""
    evaluations = EVALUATIONS if evaluations is None else evaluations
    bits = {arm: BITS.get(arm, 0.98) for arm in arms}
    found = [difference(name, arm, bits[arm] - 1) for name in evaluations for arm in arms if arm != "random"]
    to_kept = [difference(name, "style", 0.03) for name in evaluations]
    choices = [name for name, (kind, _, _) in evaluations.items() if kind == "choices"]
    fields = {
        "run": "out", "scorer": "web", "size": "tiny", "parameters": 4_000_000, "seeds": 3, "passes": 2,
        "arm_bytes": 6_000_000, "arms": {arm: ArmFacts(arm, 1234, 2.5, 1.0) for arm in arms},
        "removed": {"holds an item that is measured": 17, "nearly the same as another": 0},
        "evaluations": evaluations, "values": {name: bits for name in evaluations},
        "differences": found, "byte_differences": found, "to_kept": to_kept,
        "agreement": (3, 4), "slow_agreement": (1, 1),
        "accuracies": {name: Accuracy(dict.fromkeys(arms, 0.375), 0.25) for name in choices},
        "margins": {name: dict.fromkeys(arms, -0.125) for name in choices},
        "curves": {arm: [CurvePoint(at * 10**6, 3 / at + bits[arm]) for at in (1, 2, 3)] for arm in arms},
        "early": {name: {arm: [2 - bits[arm], 1.0, bits[arm]] for arm in arms} for name in evaluations},
        "lego": {},
        "prompts": list(prompts),
        "written": {arm: [f"{arm} writes on {at}" for at in range(len(prompts))] for arm in arms},
    }  # fmt: skip
    return Proof(**(fields | changed))


def difference(evaluation, arm, value, word=None):
    """Return a difference with an interval of a hundredth on either side."""
    estimate = Estimate(value, value - 0.01, value + 0.01)
    return Difference(evaluation, arm, 1 + value, estimate, 0.001, word or WORDS.get(arm, "cannot be told"))


def config_of(out, **settings):
    """Return the settings of a proof that is written to a folder."""
    return ProveConfig(run="out", out=str(out), evaluations=["mbpp.jsonl", "arc_easy.jsonl"], **settings)
