"""What commands print as results: whatever others wrote into it is shown and never acts."""

import typer

from filtering.printable import printable_lines
from pipelines.program import as_called


def show(text: str) -> None:
    """Print lines on standard output, with commands as they can be typed here."""
    typer.echo(printable_lines(as_called(text)))
