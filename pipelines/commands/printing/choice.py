"""Prints what a choice of documents comes to, before it is written."""

from pipelines.choosing.choice_tables import told_of
from pipelines.choosing.chosen import Chosen
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.tables import print_table


def print_choice(chosen: Chosen) -> None:
    """Print the classes and the slices of a choice, and its sum."""
    told = told_of(chosen)
    for table in told.tables:
        print_table(table.head, table.rows, title=table.caption, parts_figures=False)
    for sentence in told.sentences:
        show(sentence)
