"""Prints what a choice of documents comes to, before it is written."""

from collections.abc import Mapping
from dataclasses import replace

from filtering.printable import printable
from filtering.scoring.unsure import Unsure
from pipelines.choosing.choice_tables import told_of
from pipelines.choosing.chosen import Chosen
from pipelines.commands.printing.screen import show
from pipelines.commands.printing.slices import read_report
from pipelines.commands.printing.tables import print_table
from pipelines.settings.choosing import RecutConfig


def print_choice(chosen: Chosen, config: RecutConfig) -> None:
    """Print the classes and the slices of a choice, its sum, and what the scorer does not know of its run."""
    told = told_of(chosen)
    for table in told.tables:
        print_table(table.head, table.rows, title=table.caption, parts_figures=False)
    for sentence in told.sentences:
        show(sentence)
    if said := _unknown_languages(config):
        show(f"unsure: {printable(said)}")


def _unknown_languages(config: RecutConfig) -> str:
    """Return how many documents of a run are in languages that its scorer does not know; often nothing."""
    told = read_report(config.run).get("unsure")
    unsure = replace(Unsure(**told), kept=None) if isinstance(told, Mapping) else None
    if config.unsure == "drop" or unsure is None or unsure.are_other or not unsure.in_languages:
        return ""
    return f"{unsure.in_words} They may be chosen all the same; --unsure drop leaves them out."
