"""Prints what a proof found: first what may be said, then the figures of what is kept and of random text."""

from filtering.printable import listed, printable
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.tables import print_table
from pipelines.proof.findings import UNSURE, findings
from pipelines.proof.proof_result import Proof
from pipelines.reports.proof_page import HOW_TO_INSTALL, how_to_go_on, models_of, page_of
from pipelines.reports.proof_tables import evaluations_of, kept_table
from pipelines.settings.base import command_of
from pipelines.settings.proof import KEPT, RANDOM, TOY, ProveConfig


def print_proof(proof: Proof, config: ProveConfig) -> int:
    """Print what a proof found; return the exit code of the command.

    Parameters
    ----------
    proof : Proof
    config : ProveConfig
        What it was given: `out` is where its page and models lie.
    """
    folder = config.out
    for sentence in findings(proof):
        show(printable(sentence))
    table = kept_table(proof, (RANDOM, KEPT))
    print_table(table.head, table.rows, title=f"{table.caption} (lower is better)")
    unsure = [one.difference for one in proof.differences if one.arm == KEPT and one.word == UNSURE]
    if any(not one.low <= 0 <= one.high for one in unsure):
        show(
            "Of so many comparisons some intervals leave out 0 by chance. So a verdict takes more than its "
            "own interval (Holm's correction; the page has the figures)."
        )
    _, controls = evaluations_of(proof)
    if controls:
        show(f"controls, where what is kept should be worse: {listed(controls)}")
    show(f"page: {page_of(folder)}")
    show(f"models: {models_of(folder)}")
    show(f"next: {_next_step(proof, config)}")
    return 0


def _next_step(proof: Proof, config: ProveConfig) -> str:
    """Return what to do after a proof: after toys, models that tell something."""
    if proof.size == TOY:
        fields = ProveConfig.model_fields  # what makes a trial small, and its figures luck
        usual = {name: fields[name].default for name in ("arm_bytes", "passes", "seeds", "budget")}
        larger = config.model_copy(update={**usual, "size": "tiny", "out": "NEW"})
        return f"the same with models that tell something:\n  {command_of('prove', larger)}"
    return (
        f"measure a model by another task, once lm_eval is installed ({HOW_TO_INSTALL}):\n"
        f"  {how_to_go_on(config.out)}"
    )
