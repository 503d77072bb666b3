"""Has texts written by the scripted model, and reads what came of it."""

import os

import pyarrow.parquet as pq

from pipelines import WriteConfig, write_texts
from pipelines.writing.text_folder import FAILED_FILE, data_file
from tests.kit.labels.annotating import KEY
from tests.kit.runs.outcomes import QUIET

OWN = """
name = "mine"
instructions = "Write about a {thing} in {manner}."
group = "thing"

[slots]
thing = ["lamp", "river", "clock", "bridge", "mill"]
manner = ["short words", "long sentences", "a letter", "a list"]

[checks]
min_words = 40
"""


def write_config(out, url, recipe="story", **changed):
    """Return settings that have a few texts written."""
    values = {"recipe": str(recipe), "out": out, "model": "scripted", "n": 20, "base_url": url, **changed}
    return WriteConfig(**values)


def write(out, url, recipe="story", **changed):
    """Have a few texts written."""
    return write_texts(write_config(out, url, recipe, **changed), reporter=QUIET)


def kept(out, recipe="story"):
    """Return the rows of the texts that are kept."""
    return pq.read_table(data_file(str(out), recipe)).to_pylist()


def failed(out):
    """Return the rows of the texts that were thrown away."""
    return pq.read_table(out / FAILED_FILE).to_pylist()


def write_process(begin, out, url, *options, recipe="story"):
    """Begin the command in a process of its own."""
    arguments = ["write", recipe, "--model", "scripted", "--base-url", url, "--out", out, *options]
    return begin(*arguments, env={**os.environ, "OPENAI_API_KEY": KEY})
