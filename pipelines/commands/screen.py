"""What commands print as results: whatever others wrote into it is shown and never acts."""

import typer

from filtering.printable import printable_lines


def show(text: str) -> None:
    """Print lines on standard output."""
    typer.echo(printable_lines(text))
