"""Where the checkout lies, and what is beside it."""

from pathlib import Path

KIT = Path(__file__).resolve().parent
ROOT = KIT.parents[1]
SHARED = ROOT.parent / "shared"
