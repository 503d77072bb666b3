"""Plants faults in a copy of the product one by one, and demands that each turns the tests red.

    .venv/bin/python -m tests.kit.faults.mutations [WORDS OF A FAULT'S NAME]

A fault is found by its text and a test by its name, wherever both lie: moving files changes nothing here. If
the tests that should see a fault stay green, all of them run. What comes out is a table: what was planted,
the first test that failed, and the seconds until then; 1 if any fault was seen by no test.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit.places import ROOT

PACKAGES = ("filtering", "annotations", "pipelines")
MADE = ("bench", "build", "demo", "dist", "site")
"""Folders at the top that hold nothing of the product."""
TESTS_FAILED = 1
"""What pytest ends with where a test failed; anything else but 0 is no verdict."""


@dataclass(frozen=True)
class Fault:
    """One thing to break.

    Parameters
    ----------
    name : str
    old, new : str
        Text that stands in one place of the packages, and what is put there.
    tests : tuple of str
        Names of test functions that should see it.
    """

    name: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS = (
    Fault(
        "the first kept row of each batch is dropped",
        "return batch.filter(pa.array(keep))",
        "return batch.filter(pa.array(keep)).slice(1)",
        ("test_rows_stay_in_order_and_parts_carry_their_place_in_the_name",),
    ),
    Fault(
        "a receipt is written twice",
        "self._waiting.append(receipt)",
        "self._waiting += [receipt, receipt]",
        ("test_a_segment_holds_no_more_than_so_many_receipts",),
    ),
    Fault(
        "a short question is a leak without its answer",
        "if is_short[part] and not near:",
        "if False:",
        ("test_what_is_no_question_is_not_found",),
    ),
    Fault(
        "a passage is removed like a question",
        "return LEAK if task.passage_leaks else PASSAGE",
        "return LEAK",
        ("test_documents_with_a_question_are_left_out_and_those_with_a_passage_stay",),
    ),
    Fault(
        "an exit is shifted: it drops more than was shown to be safe",
        "lost <= most_lost)[-1]",
        "lost <= most_lost)[-1] + 1",
        ("test_exits_are_the_narrowest_that_the_exact_test_lets_pass",),
    ),
    Fault(
        "a page shows text of documents unescaped",
        'select_autoescape(["html"])',
        "select_autoescape([])",
        ("test_documents_and_file_names_are_text_and_nothing_else",),
    ),
    Fault(
        "stage and reason are swapped in the stored scores",
        "[score, pa.array(scores.stage), pa.array(scores.reason)]",
        "[score, pa.array(scores.reason), pa.array(scores.stage)]",
        ("test_mode_scores_writes_scores_alone",),
    ),
    Fault(
        "the highest of several points is taken for the lowest",
        'stacked.max(axis=0) if combine == "max" else stacked.min(axis=0)',
        "stacked.max(axis=0)",
        ("test_a_new_cut_by_any_combination_has_the_bytes_of_a_run_with_it",),
    ),
    Fault(
        "a budget is overshot by one question",
        "sum(self._reserved_usd) + most_usd > self._limit_usd",
        "sum(self._reserved_usd) > self._limit_usd",
        ("test_what_is_spent_and_set_aside_never_exceeds_the_limit",),
    ),
    Fault(
        "a damaged file is swallowed, as if it had no rows to keep",
        "set_aside=str(error))",
        'set_aside="")',
        ("test_a_file_that_cannot_be_read_is_set_aside_by_name_and_the_others_finish",),
    ),
    Fault(
        "a run that goes on scores finished parts again",
        "plan.parts.largest_first(~done)",
        "plan.parts.largest_first(done | True)",
        ("test_parts_that_are_done_are_not_scored_again",),
    ),
    Fault(
        "the key stands in messages",
        r'hidden[start:stop] = b"\1" * (stop - start)',
        r'hidden[start:stop] = b"\0" * (stop - start)',
        ("test_a_key_that_a_server_sends_back_is_in_no_reply_error_or_log",),
    ),
    Fault(
        "a cut through equal scores keeps all of them where none is left to keep",
        "if tie_quota < 0:",
        "if tie_quota <= 0:",
        ("test_a_fraction_cuts_through_ties_in_the_order_of_the_plan",),
    ),
    Fault(
        "a budget takes a document more than it has room for",
        "fits = used <= self._left[group]",
        "fits = used - size <= self._left[group]",
        ("test_a_budget_takes_the_rows_that_sorting_puts_first",),
    ),
    Fault(
        "the first hit of a leak of each batch is lost, and its document has others",
        "mine = chosen[self.at]",
        "mine = chosen[self.at] & (np.arange(len(self.at)) > 0)",
        ("test_no_hit_of_a_document_with_several_is_lost",),
    ),
)


def tell(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def left_out(folder: str, names: Sequence[str]) -> list[str]:
    """Return what of a folder is not copied."""
    at_top = Path(folder) == ROOT
    return [name for name in names if name == "__pycache__" or (at_top and (name in MADE or name[0] == "."))]


def place_of(fault: Fault, root: Path) -> Path:
    """Return the one file of the packages that has the text of a fault, once."""
    files = [path for name in PACKAGES for path in root.glob(f"{name}/**/*.py")]
    found = {path: path.read_text().count(fault.old) for path in files}
    places = [path for path, count in found.items() if count]
    if sum(found.values()) != 1:
        where = ", ".join(str(path.relative_to(root)) for path in places) or "none"
        raise SystemExit(f"{fault.name!r}: {fault.old!r} must stand in one place. Found it in: {where}.")
    return places[0]


def tests_of(fault: Fault, root: Path) -> list[str]:
    """Return the tests of a fault as pytest takes them."""
    found = []
    for name in fault.tests:
        files = [path for path in root.glob("tests/**/test_*.py") if f"def {name}(" in path.read_text()]
        if len(files) != 1:
            raise SystemExit(f"{fault.name!r}: one file must have the test {name}. Found {len(files)}.")
        found.append(f"{files[0].relative_to(root)}::{name}")
    return found


def run_python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy, whose packages come first in the processes that it starts too."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def first_failure(root: Path, tests: Sequence[str] = ()) -> str | None:
    """Run tests, all of them if none are named; return the first that fails."""
    done = run_python(root, "-m", "pytest", "-x", "-q", "-rfE", *tests)
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) \S*?(\w+\.py::\S+)", done.stdout, re.MULTILINE)
    if done.returncode != TESTS_FAILED or failed is None:
        raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[1]


@contextmanager
def planted(fault: Fault, root: Path) -> Iterator[None]:
    """Break a copy while the block runs."""
    path = place_of(fault, root)
    before, times = path.read_text(), path.stat()
    path.write_text(before.replace(fault.old, fault.new))
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # compiled code is found by it


def main(words: Sequence[str]) -> int:
    """Plant the faults whose names have all of some words, and tell who saw them."""
    chosen = [fault for fault in FAULTS if all(word in fault.name for word in words)]
    unseen = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(ROOT, Path(folder, "copy"), ignore=left_out))
        for fault in chosen:
            place_of(fault, root)
        # Kernels are compiled before tests wait for processes that would compile them.
        run_python(
            root, "-c", "from tests.kit.runs.warm_start import load_all; load_all()"
        ).check_returncode()
        tests = {fault: tests_of(fault, root) for fault in chosen}
        if red := first_failure(root, [test for some in tests.values() for test in some]):
            raise SystemExit(f"Tests must be green before a fault is planted. {red} is red.")
        tell("| fault | first test that failed | seconds |\n| --- | --- | --- |")
        for fault in chosen:
            begun_s = time.monotonic()
            with planted(fault, root):
                seen_by = first_failure(root, tests[fault]) or first_failure(root)
            unseen += seen_by is None
            tell(f"| {fault.name} | {seen_by or 'NONE'} | {time.monotonic() - begun_s:.0f} |")
    return 1 if unseen else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
