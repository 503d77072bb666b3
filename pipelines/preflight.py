"""Refuses to run when the three packages do not come from one place, or differ, or when memory is too little.

Their names are generic: a folder named `filtering` or `pipelines` in the working directory would be
imported in silence instead of ours. This module imports none of them, so it can say so first; it is
also sent to Ray workers by value, where ours may be hidden.
"""

import hashlib
import os
import platform
import resource
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("filtering", "annotations", "pipelines")
DECIDING = ("numpy", "pyarrow", "numba")
"""Libraries whose version may change a byte of the output."""

ADDRESSES = resource.RLIMIT_AS
LEAST_BYTES = {ADDRESSES: 1250 << 20, resource.RLIMIT_DATA: 500 << 20}
"""What a small run takes on two CPUs with some to spare: 1.1 GB of addresses, 0.6 GB of data, measured."""
BYTES_PER_CPU = 64 << 20
"""For the threads of numerical libraries, of which there is one for each CPU."""
NAMES = {ADDRESSES: ("addresses", "ulimit -v"), resource.RLIMIT_DATA: ("data", "ulimit -d")}


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


def limit_of(kind: int) -> int | None:
    """Return a limit of this process in bytes; None where there is none."""
    soft, _ = resource.getrlimit(kind)
    return None if soft == resource.RLIM_INFINITY else soft


def check_memory() -> None:
    """Check that this process may have the memory that the libraries take when they are loaded.

    Numerical libraries neither raise nor end where they get none: they try for ever.

    Raises
    ------
    MemoryError
        If a limit is too low.
    """
    for kind, least in LEAST_BYTES.items():
        limit, needed = limit_of(kind), least + (os.cpu_count() or 1) * BYTES_PER_CPU
        if limit is not None and limit < needed:
            what, option = NAMES[kind]
            raise MemoryError(
                f"This process must be allowed {needed / 1e9:.1f} GB of {what} on this machine. It may have "
                f"{limit / 1e9:.1f} GB ({option}). Raise the limit, or ask the batch system for more memory."
            )


def describe_code(libraries: Iterable[str]) -> dict[str, str]:
    """Return what must be the same wherever a run scores: versions, and a digest of each source.

    Raises
    ------
    ImportError
        As `check_one_place`.
    """
    check_one_place()
    described = {"Python": platform.python_version()}
    for library in libraries:
        try:
            described[library] = version(library)
        except PackageNotFoundError:
            described[library] = "not installed"
    for name in PACKAGES:
        spec = find_spec(name)
        folder = Path(spec.origin).parent if spec and spec.origin else Path()
        for path in sorted(folder.rglob("*.py")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            described[f"{name}/{path.relative_to(folder).as_posix()}"] = digest
    return described


def first_difference(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return in words where two descriptions of code differ first; nothing where they do not."""
    for name in dict.fromkeys((*wanted, *found)):
        if wanted.get(name) != found.get(name):
            return f"{name} is {found.get(name, 'missing')} there and {wanted.get(name, 'missing')} here"
    return ""
