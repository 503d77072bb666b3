"""The errors that edufilter raises on purpose.

    EdufilterError
    ├── SettingsError (ValueError)        a wrong setting or argument; nothing was started    exit 2
    │   ├── ColumnError                   the text column is missing, ambiguous or no text
    │   ├── OutputError                   OUT may not be used for this run
    │   ├── RubricError                   a rubric that is missing or broken
    │   ├── RecipeError                   a recipe for texts that is missing or broken
    │   ├── EndpointError                 a model's endpoint that cannot be used as it was asked
    │   └── MissingExtraError (ImportError)   a pip extra is needed
    ├── LabelsError (ValueError)          labels that no scorer can be fitted to             exit 2
    ├── ScorerError (ValueError)          a saved scorer that cannot be trusted              exit 2
    ├── ShapeError (ValueError)           an array of the wrong shape or dtype
    ├── BadFileError (OSError)            one input file cannot be read; it is set aside     exit 3
    ├── RunError (RuntimeError)           a run failed in the middle; it can be resumed      exit 1
    │   └── OutOfMemoryError              there is not enough memory for what is being done
    └── Interrupted                       a run was stopped from outside; resumable          exit 130

Each one says what must hold, what came, where, and what to do. None carries text of a document, and none
shows a secret that stood in an address.
"""

import os
import re

from filtering.printable import printable_lines

SECRET = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}"  # a token of the hub
    r"|(?<=\bBearer )[^\s'\"]+"  # one in a header that a client quotes
    r"|(?<=[?&;])(?:[\w-]*(?:token|signature|secret|password)|sig|key)=[^&;\s'\"]+"
    r"|(?<=://)[^\s/@'\"]*:[^\s/@'\"]*@",
    re.IGNORECASE,
)
"""What in an address is for the eyes of its owner alone."""


def what_failed(error: OSError) -> str:
    """Return what the system says of a failure, once: libraries put it behind words of their own.

    Examples
    --------
    >>> what_failed(OSError(28, "Writing failed. Detail: [errno 28] No space left on device"))
    'No space left on device'
    >>> what_failed(OSError("The file is broken"))
    'The file is broken'
    """
    if error.errno is None:
        return str(error)
    said = error.strerror or ""
    if not said or "[errno" in said:
        said = os.strerror(error.errno)
    return f"{said}: {error.filename!r}" if error.filename else said


def without_secrets(text: str) -> str:
    """Return a text with the secrets of addresses in it masked.

    Examples
    --------
    >>> without_secrets("hf://datasets/a/b?token=hf_abc")
    'hf://datasets/a/b?[secret]'
    """
    return SECRET.sub("[secret]", text)


class EdufilterError(Exception):
    """Root of all errors that edufilter raises on purpose."""

    def __str__(self) -> str:
        return printable_lines(without_secrets(super().__str__()))


class SettingsError(EdufilterError, ValueError):
    """A setting or argument is wrong; nothing was started."""


class ColumnError(SettingsError):
    """The text column is missing, ambiguous, or holds no text."""


class OutputError(SettingsError):
    """The output folder may not be used for this run."""


class RubricError(SettingsError):
    """A rubric is missing or broken."""


class RecipeError(SettingsError):
    """A recipe for texts is missing or broken."""


class EndpointError(SettingsError):
    """A model's endpoint refuses what it is asked: a wrong key, model, address or option."""


class MissingExtraError(SettingsError, ImportError):
    """A library of an optional extra is needed and not installed."""


class LabelsError(EdufilterError, ValueError):
    """Labels that no scorer can be fitted to or judged by."""


class ScorerError(EdufilterError, ValueError):
    """A saved scorer is damaged, of an unknown kind, or does not reproduce its reference scores."""


class ShapeError(EdufilterError, ValueError):
    """An array does not have the shape or dtype that is needed."""


class BadFileError(EdufilterError, OSError):
    """An input file is not readable Parquet; the run sets it aside and goes on."""


class RunError(EdufilterError, RuntimeError):
    """A run failed in the middle; what was published stays, and the same command goes on from there."""


class OutOfMemoryError(RunError):
    """There is not enough memory; a part that needs too much of it alone is set aside."""


class Interrupted(EdufilterError):  # an order from outside, not a fault
    """A run was stopped from outside; the same command goes on from there."""
