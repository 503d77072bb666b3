"""Saves scorers that were fitted in a moment, and changes what was saved as its author could."""

import hashlib
import json

from safetensors.numpy import load, save

from filtering import save_scorer
from filtering.scoring.scorer_files import seal_of
from tests.kit.scorers.fitted import made_scorer

CARD = "# A scorer\n"
METRICS = {"nested": {"rho": 0.5, "rows": 3}}


def save_made(folder, recipe="linear", **options):
    """Save a scorer fitted to made-up documents."""
    return save_scorer(made_scorer(recipe), str(folder), metrics=METRICS, card=CARD, **options)


def rewrite(folder, **changed):
    """Change the description of a scorer as its author could: with a new seal."""
    path = folder / "scorer.json"
    description = json.loads(path.read_text()) | changed
    description = {name: value for name, value in description.items() if value is not ...}
    description["seal"] = seal_of(description)
    path.write_text(json.dumps(description))


def rewrite_arrays(folder, change, name="signals.safetensors"):
    """Change the arrays of a scorer, with the right digest and seal."""
    path = folder / name
    arrays = load(path.read_bytes())
    change(arrays)
    path.write_bytes(save(arrays))
    files = json.loads((folder / "scorer.json").read_text())["files"]
    rewrite(folder, files=files | {path.name: hashlib.sha256(path.read_bytes()).hexdigest()})
