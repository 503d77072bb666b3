"""Proves that tables fit the screen, and that no word in them is broken that fits into a line."""

import pytest

from pipelines.commands.printing.tables import print_table

HEAD = ("site", "documents", "kept", "share", "95 % interval")
ROWS = [
    ("openstax/osbooks-introduction-philosophy *", 31, 29, "93.5 %", "79.3 to 98.2 %"),
    (
        "a name of many words that one line does not hold, whatever stands beside it",
        72,
        1,
        "1.4 %",
        "0 to 7 %",
    ),
]


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return a function that prints a table on a screen of some columns."""

    def print_on(columns, head=HEAD, rows=ROWS, **options):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_table(head, rows, **options)
        return capsys.readouterr().out

    return print_on


@pytest.mark.parametrize("columns", [79, 80, 100, 400])
def test_a_table_is_no_wider_than_the_screen_and_holds_whole_words(printed, columns):
    shown = printed(columns)
    assert max(map(len, shown.splitlines())) <= columns
    words = shown.split()
    for row in [HEAD, *ROWS]:
        for cell in row:
            assert set(str(cell).split()) <= set(words)


def test_where_figures_stay_whole_names_are_broken_instead(printed):
    shown = printed(66, parts_figures=False)
    assert "79.3 to 98.2 %" in shown
    assert "93.5 %" in shown
    assert max(map(len, shown.splitlines())) <= 66


def test_of_a_word_that_no_line_holds_all_is_shown(printed):
    name = "x" * 200
    shown = printed(60, ("name", "n"), [(name, 5)])
    assert max(map(len, shown.splitlines())) <= 60
    assert shown.count("x") == 200
    assert "5" in shown


def test_names_of_others_do_not_act_and_are_no_markup(printed):
    shown = printed(80, ("na[b]me", "n"), [("[red]\x1b[31m", 1_000)], title="By [i]: a\x07")
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]" in shown
    assert "na[b]me" in shown
    assert "By [i]" in shown
    assert "1,000" in shown
