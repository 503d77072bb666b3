"""Proves that `make help` names what there is to make."""

import re
import subprocess

from tests.kit.places import ROOT


def test_help_names_every_target_and_makes_nothing():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    [targets] = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"^make (\w+) +\w", done.stdout, re.MULTILINE)) == sorted(targets.split())
