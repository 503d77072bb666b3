"""Files and folders by their addresses: paths of this machine, or URLs of object stores.

A local address is a `pathlib.Path`; `StorePath` has the same verbs, as far as they are needed here,
over pyarrow's file systems. Credentials and endpoints are found by each library's own means (the
environment, profiles, roles), never in an address.

A request that a store refuses for the moment (throttling, 5xx, time-outs, connections cut in mid-read)
is made again for `RETRY_S` seconds; what then still fails is a `RunError`, never a fault of the data.
"""

import io
import logging
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import stamina
from pyarrow import fs

from filtering.errors import SECRET, RunError, SettingsError
from filtering.extras import require

SCHEMES = ("s3", "gs", "abfs", "abfss", "hf")
READ_ONLY = "hf://"
RETRY_S = 180.0
"""How long a request is made again before the run fails; an outage of a minute must not end a night's run."""
FIRST_RETRY_S = 20.0
"""The same where a run begins and somebody waits: an endpoint may be misspelt."""
CONNECT_TIMEOUT_S = 10.0
REQUEST_TIMEOUT_S = 60.0
REQUESTS = 3
"""Requests that the store's own client makes before an error reaches us."""

LASTING = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE_DOES_NOT_MATCH|INVALID_CLIENT_TOKEN|EXPIRED|NO_SUCH_BUCKET"
    r"|ExpiredToken|InvalidToken|TokenRefreshRequired|NoSuchBucket|AccessDenied|ReadOnlyFileSystem"
    r"|HTTP status (400|401|403)|\b(401|403) Client Error|Unauthenticated|PermissionDenied"
    r"|AuthenticationFailed"
)
"""What another try cannot mend, as the clients of stores word it."""

Result = TypeVar("Result")

# Retries are part of the work: nobody needs a line about each.
logging.getLogger("stamina").addHandler(logging.NullHandler())


def is_store(address: str) -> bool:
    """Tell whether an address is of an object store.

    Examples
    --------
    >>> is_store("s3://bucket/dump"), is_store("dump")
    (True, False)
    """
    return "://" in address


def path_of(address: str) -> "AnyPath":
    """Return the path behind an address.

    Raises
    ------
    SettingsError
        If it is of no store that is known, names no bucket, or holds credentials.
    """
    return StorePath.parse(address) if is_store(address) else Path(address)


def absolute(address: str) -> str:
    """Return an address that means the same in every working directory."""
    path = path_of(address)
    return str(path.resolve() if isinstance(path, Path) else path)


@dataclass(frozen=True)
class StorePath:
    """A file or folder of an object store.

    Parameters
    ----------
    url : str
        Scheme, bucket (or container, or repository) and key, without a slash at the end.

    Examples
    --------
    >>> folder = path_of("s3://bucket/dump/")
    >>> print(folder / "a.parquet", (folder / "a.parquet").name)
    s3://bucket/dump/a.parquet a.parquet
    """

    url: str

    @classmethod
    def parse(cls, address: str) -> "StorePath":
        """Return the path behind a URL."""
        # Stores take text alone, and a locale that cannot read some leaves its bytes (PEP 383).
        address = address.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        scheme, _, rest = address.partition("://")
        if scheme not in SCHEMES:
            known = ", ".join(f"{name}://" for name in SCHEMES)
            raise SettingsError(f"An address must be a local path or begin with {known}. Got {scheme}://.")
        authority = rest.partition("/")[0]
        if not authority:
            raise SettingsError(f"An address must name a bucket. Got {address!r} instead.")
        has_login = ":" in authority or ("@" in authority and not scheme.startswith("abfs"))
        if has_login or SECRET.search(address):
            raise SettingsError(
                f"An address must hold no credentials. Got one for {scheme}:// that does. Leave them to the "
                "environment, a profile or a role: see docs/cluster.md."
            )
        return cls(f"{scheme}://{rest.rstrip('/')}")

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, relative: str) -> "StorePath":
        return StorePath(f"{self.url}/{relative}")

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.url.rpartition("/")[2]

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written there."""
        return self.url.startswith(READ_ONLY)

    @property
    def _located(self) -> tuple[fs.FileSystem, str]:
        scheme, _, rest = self.url.partition("://")
        authority, _, key = rest.partition("/")
        if scheme.startswith("abfs"):
            container, _, account = authority.partition("@")
            return _filesystem("abfs", account.partition(".")[0]), f"{container}/{key}".rstrip("/")
        return _filesystem(scheme, authority if scheme == "s3" else ""), rest

    def _info(self) -> fs.FileInfo:
        filesystem, path = self._located
        return _retried(lambda: filesystem.get_file_info(path), f"Looking for {self}", FIRST_RETRY_S)

    def exists(self) -> bool:
        """Tell whether there is a file or a folder."""
        return bool(self._info().type != fs.FileType.NotFound)

    def is_file(self) -> bool:
        """Tell whether there is a file."""
        return bool(self._info().type == fs.FileType.File)

    def files(self) -> Iterator[tuple[str, int]]:
        """Yield all files below a folder: the path from there, and the bytes."""
        filesystem, path = self._located
        selector = fs.FileSelector(path, recursive=True, allow_not_found=True)
        for info in _retried(lambda: filesystem.get_file_info(selector), f"Listing {self}"):
            if info.type == fs.FileType.File:
                yield info.path[len(path) :].lstrip("/"), info.size

    def open(self) -> "StoreFile":
        """Open a file for reading, anywhere in it.

        Raises
        ------
        RunError
            If there is no such file, or the store does not let us read it.
        """
        filesystem, path = self._located
        return StoreFile(self, lambda: filesystem.open_input_file(path))

    def read_bytes(self) -> bytes:
        """Read a whole file."""
        return self.open().read()

    def read_text(self) -> str:
        """Read a whole file of UTF-8."""
        return self.read_bytes().decode()

    def upload(self, local: Path) -> None:
        """Put a finished local file here, in one step: there is the whole file, or what was there before.

        Raises
        ------
        RunError
            If the store does not take it.
        """
        filesystem, path = self._located

        def send() -> None:
            # Not fs.copy_files, which hides that an upload failed (pyarrow 26.0).
            with pa.memory_map(os.fsencode(local)) as file:
                stream = filesystem.open_output_stream(path)
                stream.write(file.read_buffer())
                stream.close()
            found, wanted = filesystem.get_file_info(path).size, local.stat().st_size
            if found != wanted:
                raise OSError(f"{wanted} bytes were sent and {found} are there")

        def copy() -> None:
            # An exception within an open stream would publish the half of it, and Ctrl-C comes to the main
            # thread alone.
            with ThreadPoolExecutor(1, thread_name_prefix="upload") as thread:
                thread.submit(send).result()

        _retried(copy, f"Writing {self}")

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove a file."""
        filesystem, path = self._located

        def delete() -> None:
            try:
                filesystem.delete_file(path)
            except FileNotFoundError:
                if not missing_ok:
                    raise

        _retried(delete, f"Removing {self}")


AnyPath = Path | StorePath


def files_below(folder: AnyPath) -> Iterator[tuple[str, int]]:
    """Yield all files below a folder: the path from there, with slashes, and the bytes."""
    if isinstance(folder, StorePath):
        yield from folder.files()
        return
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            yield path.relative_to(folder).as_posix(), path.stat().st_size


class StoreFile(io.RawIOBase):
    """A file of a store, read by ranges; each range is asked for again until it comes whole.

    pyarrow itself tries again on S3 alone.

    Parameters
    ----------
    path : StorePath
        For messages.
    connect : callable
        Opens the file.
    """

    def __init__(self, path: StorePath, connect: Callable[[], pa.NativeFile]) -> None:
        super().__init__()
        self._path, self._connect = path, connect
        self._position = 0
        self._file: pa.NativeFile | None = None
        self._size = _retried(lambda: self._opened().size(), f"Opening {path}")

    def _opened(self) -> pa.NativeFile:
        self._file = self._file or self._connect()
        return self._file

    def read(self, size: int | None = -1, /) -> bytes:
        """Read some bytes from where the file stands."""
        left = self._size - self._position
        count = left if size is None or size < 0 else min(size, left)
        if count <= 0:
            return b""
        position = self._position

        def read_range() -> bytes:
            try:
                content: bytes = self._opened().read_at(count, position)
            except Exception:
                self._file = None  # connections may be stale
                raise
            if len(content) != count:
                raise OSError(f"{count} bytes were asked for and {len(content)} came")
            return content

        content = _retried(read_range, f"Reading {self._path}")
        self._position += count
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place."""
        self._position = (
            offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        )
        return self._position

    def tell(self) -> int:
        """Return where the file stands."""
        return self._position

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read anywhere."""
        return True


def _retried(action: Callable[[], Result], what: str, patience_s: float | None = None) -> Result:
    """Do something with a store; again, where it is only refused for the moment."""
    try:
        for attempt in stamina.retry_context(
            on=_is_passing, attempts=None, timeout=patience_s or RETRY_S, wait_initial=0.2, wait_max=20.0
        ):
            with attempt:
                return action()
    except (RunError, SettingsError):
        raise
    except Exception as error:
        first_line = str(error).partition("\n")[0][:300]
        raise RunError(
            f"{what} failed: {first_line or type(error).__name__}. "
            "Mend that, then run the same command again: it goes on where it was."
        ) from error
    raise AssertionError("a retry either returns or raises")


def _is_passing(error: Exception) -> bool:
    if isinstance(error, (RunError, SettingsError, FileNotFoundError, PermissionError, MemoryError)):
        return False
    of_network = isinstance(error, OSError) or type(error).__module__.startswith("httpx")  # the hub's client
    return of_network and not LASTING.search(str(error))


@lru_cache(maxsize=64)
def _filesystem(scheme: str, authority: str) -> fs.FileSystem:
    """Return the file system of a store; `authority` is a bucket of S3, an account of Azure."""
    if scheme == "s3":
        return fs.S3FileSystem(
            region=_s3_region(authority),
            endpoint_override=_s3_endpoint(),
            allow_delayed_open=False,  # else an empty object may be left where opening failed
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=REQUEST_TIMEOUT_S,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=REQUESTS),
        )
    if scheme == "gs":
        return fs.GcsFileSystem()
    if scheme == "abfs":
        # The names of Azure's own command line; without them its default chain of credentials.
        account = authority or os.environ.get("AZURE_STORAGE_ACCOUNT", "")
        if not account:
            raise SettingsError(
                "An address of Azure must name an account: abfs://container@account.dfs.core.windows.net/"
                "path, or AZURE_STORAGE_ACCOUNT in the environment. Got neither."
            )
        return fs.AzureFileSystem(
            account_name=account,
            account_key=os.environ.get("AZURE_STORAGE_KEY"),
            sas_token=os.environ.get("AZURE_STORAGE_SAS_TOKEN"),
        )
    return fs.PyFileSystem(fs.FSSpecHandler(require("hub", "huggingface_hub").HfFileSystem()))


def _s3_endpoint() -> str | None:
    """Return where S3 is, if not at Amazon; `S3FileSystem` does not read these names (pyarrow 26.0)."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    name = next((name for name in names if os.environ.get(name)), None)
    if name is not None and "://" not in os.environ[name]:
        raise SettingsError(
            f"{name} must begin with http:// or https://. Got {os.environ[name]!r} instead. Add it."
        )
    return None if name is None else os.environ[name]


def _s3_region(bucket: str) -> str | None:
    """Return the region of a bucket where the environment does not say it; None leaves it to the client."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if named or _s3_endpoint():
        return named
    try:
        region: str = fs.resolve_s3_region(bucket)
    except OSError:
        return None
    return region
