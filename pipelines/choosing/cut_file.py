"""Cuts of slices in a file, JSON or CSV, which `threshold --by` writes and `recut --cuts` reads."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from annotations.labels.text_files import DELIMITERS
from filtering.errors import SettingsError
from filtering.printable import printable
from filtering.regular_files import parse_json
from filtering.rubric_points import POINTS

OTHERS = "(others)"
"""In a CSV file: values that have no cut of their own."""
SCORER = "(scorer)"
"""In a CSV file: the digest of the scorer."""
KEEP_AT = "keep_at"
SUFFIXES = (".json", ".csv")


@dataclass(frozen=True)
class SliceCuts:
    """A cut for each of some slices.

    Parameters
    ----------
    by : str
        What parts documents, as `by` of `RecutConfig` has it.
    cuts : mapping of str to float
        Rubric points by value.
    others : float
        Those of all other values.
    scorer_sha256 : str, optional
        Digest of the scorer whose points these are; None where the file does not say.
    """

    by: str
    cuts: Mapping[str, float]
    others: float
    scorer_sha256: str | None = None


def refuse_cut_file(path: str) -> None:
    """Refuse a file that cannot be written, before cuts are looked for.

    Raises
    ------
    SettingsError
        If its name is of another kind, or its folder does not exist.
    """
    if Path(path).suffix.lower() not in SUFFIXES or not Path(path).parent.is_dir():
        raise SettingsError(
            f"--cuts must be a file that ends in {' or '.join(SUFFIXES)}, in a folder that exists. "
            f"Got {path!r}."
        )


def write_cuts(path: str, found: SliceCuts) -> None:
    """Write cuts: as CSV where the name of the file ends so, else as JSON."""
    if path.lower().endswith(".csv"):
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerows([(found.by, KEEP_AT), *found.cuts.items(), (OTHERS, found.others)])
        rows.writerows([(SCORER, found.scorer_sha256)] if found.scorer_sha256 else [])
        content = text.getvalue()
    else:
        content = json.dumps(asdict(found), indent=1) + "\n"
    Path(path).write_text(content, encoding="utf-8")


def read_cuts(path: str) -> SliceCuts:
    """Read cuts that `write_cuts` wrote, or a person.

    Raises
    ------
    SettingsError
        If the file cannot be read, or says something else.
    """
    try:
        data = Path(path).read_bytes()
        found = _of_csv(data.decode("utf-8-sig")) if path.lower().endswith(".csv") else _of_json(data)
        points = (found.others, *found.cuts.values())
        if not all(0 <= one <= POINTS for one in points):
            raise ValueError(f"a cut is not from 0 to {POINTS}")
        if not found.by:
            raise ValueError("it does not say which column the values are of")
    except OSError as error:
        raise SettingsError(f"--cuts must be a file that can be read. {error}") from error
    except (ValueError, csv.Error) as error:
        raise SettingsError(
            "--cuts must be a file that threshold --by wrote, or a .csv whose first line names the column "
            f"and '{KEEP_AT}', with a line {OTHERS!r} for all other values. {printable(path)} is not: "
            f"{printable(str(error)[:200])}."
        ) from error
    return found


def _of_json(data: bytes) -> SliceCuts:
    value = parse_json(data)
    if not isinstance(value, dict) or not isinstance(value.get("by"), str):
        raise ValueError("it has no object with 'by', 'cuts' and 'others'")
    cuts, scorer = value.get("cuts"), value.get("scorer_sha256")
    if not isinstance(cuts, dict) or not (scorer is None or isinstance(scorer, str)):
        raise ValueError("its 'cuts' are no object, or its 'scorer_sha256' is no text")
    others = _points("others", value.get("others"))
    return SliceCuts(value["by"], {name: _points(name, cut) for name, cut in cuts.items()}, others, scorer)


def _points(name: str, value: object) -> float:
    """Return the points of a cut, of JSON or in words, where a comma may stand for the point."""
    try:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return float(value.replace(",", ".") if isinstance(value, str) else value)
    except ValueError:
        pass
    raise ValueError(f"the cut of {name!r} is {value!r}, which is no number")


def _of_csv(text: str) -> SliceCuts:
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    head, *rows = [(reader.line_num, row) for row in reader if row] or [(1, [])]
    if len(head[1]) != 2 or head[1][1].strip() != KEEP_AT:
        raise ValueError(f"its first line is {delimiter.join(head[1])!r}")
    cells: dict[str, str] = {}
    for number, row in rows:
        if len(row) != 2:
            raise ValueError(f"line {number} is not a value and its cut")
        if row[0] in cells:
            raise ValueError(f"{row[0]!r} stands twice, the second time in line {number}")
        cells[row[0]] = row[1]
    scorer = cells.pop(SCORER, None)
    if OTHERS not in cells:
        raise ValueError(f"it has no line {OTHERS!r}")
    cuts = {name: _points(name, cut) for name, cut in cells.items()}
    return SliceCuts(head[1][0].strip(), cuts, cuts.pop(OTHERS), scorer)
