"""What makes a command line or a call one of full effort."""

from filtering.embedding.settings import Placement
from tests.kit.dumps.small import CUT

CPU = Placement(device="cpu")
FULL = ["--effort", "full", "--device", "cpu"]


def arguments_of(full, out, *, workers=1):
    options = ["--keep-at", CUT, "--rows-per-part", 40, "--workers", workers, "--write", "all", "--out", out]
    return ["filter", *full["inputs"], "-s", full["scorer"], *FULL, "--no-report", *map(str, options)]
