"""Refuses to run when the three packages do not come from one place.

Their names are generic: a folder named `filtering` or `pipelines` in the working directory would be
imported in silence instead of ours. This module imports none of them, so it can say so first.
"""

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("filtering", "annotations", "pipelines")


def check_one_place() -> None:
    """Check that all three packages are found in one folder.

    Raises
    ------
    ImportError
        If one is missing or comes from elsewhere, naming where each was found.
    """
    places = {}
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            places[name] = "nowhere"
            continue
        found = Path(spec.origin).resolve()  # a package's __init__.py, or a foreign module
        places[name] = str(found.parent.parent if spec.submodule_search_locations else found.parent)
    if len(set(places.values())) > 1 or "nowhere" in places.values():
        listed = ", ".join(f"{name} in {place}" for name, place in places.items())
        raise ImportError(
            f"The packages {', '.join(PACKAGES)} must come from one place. Found {listed}. "
            "Rename the folder that hides ours, or run from another directory."
        )
