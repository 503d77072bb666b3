"""What was compiled of these sources, for copies of them: compiling all kernels takes twenty seconds."""

import shutil
from pathlib import Path

from numba.core.caching import UserProvidedCacheLocator

from filtering import compiled, load_scorer


def share_compiled(package: Path, into: Path) -> Path:
    """Copy the machine code of the kernels to where a copy of `filtering` looks for its own.

    Parameters
    ----------
    package : Path
        The copy: the same sources, as old. numba names its folders after those of the sources.
    into : Path
        Where it keeps what is compiled.

    Returns
    -------
    Path
        The folder of the kernels.
    """
    load_scorer("web").score(["a text"])  # compiled by now at the latest
    here = compiled._cache_folder()
    assert here is not None
    folder_of = UserProvidedCacheLocator.get_suitable_cache_subpath
    there = into / here.name
    for room in {path.parent for path in package.rglob("*.py")}:
        one = here / folder_of(compiled.PACKAGE / room.relative_to(package) / "any.py")
        if one.exists():
            shutil.copytree(one, there / folder_of(room / "any.py"))
    there.chmod(0o700)
    return there
