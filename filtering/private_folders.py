"""Folders that nobody else can have filled or can fill: for what is trusted when it is read back."""

import os
import stat
from pathlib import Path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_private(folder: Path) -> bool:
    """Make a folder and the one above it, where there is none, that only we can enter; tell whether it is so.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return is_private(folder)


def is_private(folder: Path) -> bool:
    """Tell whether a folder is closed to others, and cannot be put away and replaced by them.

    They could where they may write to a folder above it, unless that is sticky, as ``/tmp`` is. The system's
    own folders count as ours.
    """
    return is_closed(folder) and all(_is_safe(above.stat()) for above in folder.absolute().resolve().parents)


def is_closed(folder: Path) -> bool:
    """Tell whether a folder is there, is ours and no link, and nobody else can enter it."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_ours and not stat.S_IMODE(found.st_mode) & 0o077


def _is_safe(found: os.stat_result) -> bool:
    sticky = bool(found.st_mode & stat.S_ISVTX)
    return found.st_uid in (0, os.getuid()) and (sticky or not found.st_mode & OTHERS_WRITE)
