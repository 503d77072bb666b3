"""Prints what a proof found: first what may be said, then the figures of what is kept and of random text."""

from filtering.printable import listed, printable
from pipelines.commands.screen import show
from pipelines.commands.tables import print_table
from pipelines.proof.findings import findings
from pipelines.proof.proof_result import Proof
from pipelines.reports.proof_page import how_to_go_on, models_of, page_of
from pipelines.reports.proof_tables import evaluations_of, kept_table
from pipelines.settings.proof import KEPT, RANDOM


def print_proof(proof: Proof, folder: str) -> int:
    """Print what a proof found; return the exit code of the command.

    Parameters
    ----------
    proof : Proof
    folder : str
        Where its page and models lie.
    """
    for sentence in findings(proof):
        show(printable(sentence))
    table = kept_table(proof, (RANDOM, KEPT))
    print_table(table.head, table.rows, title=f"{table.caption} (lower is better)")
    _, controls = evaluations_of(proof)
    if controls:
        show(f"controls, where what is kept should be worse: {listed(controls)}")
    show(f"page: {page_of(folder)}")
    show(f"models: {models_of(folder)}")
    show(f"next: {how_to_go_on(folder)}")
    return 0
