"""What lies in a folder that holds no run, in words: what to name instead."""

from pathlib import Path

from annotations.labels.sources import GRADES_FILE, TEXTS_FILE
from filtering.printable import printable
from filtering.wrong_values import near_path
from pipelines.object_stores import AnyPath

NO_RUNS = {
    TEXTS_FILE: "texts, whose page is report.html: the same 'edufilter write --dry-run' says what is left",
    GRADES_FILE: "grades, whose page is grades.html",
}
"""What other folders hold, by a file in them."""


def what_is_there(root: AnyPath, *, is_empty: bool) -> str:
    """Return in sentences what a folder has instead of a run.

    Parameters
    ----------
    root : path
    is_empty : bool
        Whether there is nothing but what a run leaves before it has a plan.
    """
    why = "Nothing has begun there yet." if is_empty else "Found no run/plan.json: name the --out of a run."
    if isinstance(root, Path) and not root.exists():
        why += " There is no such folder."
    above = root.parents if isinstance(root, Path) else ()
    if run := next((one for one in above if (one / "run" / "plan.json").is_file()), None):
        why = f"It lies within the run {printable(str(run))}: name that."
    if kind := next((one for mark, one in NO_RUNS.items() if (root / mark).exists()), ""):
        why = f"It is a folder of {kind}."
    return f"{why}{near_path(str(root)) if isinstance(root, Path) else ''}"
