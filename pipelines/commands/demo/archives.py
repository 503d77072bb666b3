"""Documentation that any machine with Python can get: source archives of the package index that pip uses.

Archives are pinned by their digests. Nothing of them is run or unpacked: their pages are read, no more.
"""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from pipelines.commands.demo.page_text import text_of
from pipelines.progress import Meter, Reporter

PAGE_BYTES = 150_000
"""Larger pages are left out: they are mostly whole references."""
TIMEOUT_S = 10
AT_A_TIME = 4
CHUNK_BYTES = 1 << 18
MB = 1_000_000


@dataclass(frozen=True)
class Archive:
    """A source archive that holds documentation.

    Parameters
    ----------
    name, version : str
        As its file is named.
    size_bytes : int
    sha256 : str
    pages : str
        A pattern of the names of pages below the archive's one folder.
    """

    name: str
    version: str
    size_bytes: int
    sha256: str
    pages: str

    @property
    def file(self) -> str:
        """Name of the archive."""
        return f"{self.name}-{self.version}.tar.gz"


BESIDE = r"[^/]+\.(?:rst|md|txt)|LICENSE"
"""What lies beside a manual: README, CHANGES, LICENSE."""
RST = r"docs?/.*\.(?:rst|md|txt)|" + BESIDE
"""Manuals as their authors write them."""
HTML = r"docs?/.*\.html|" + BESIDE
"""Manuals as they stand on the web."""
ARCHIVES = (  # fetched, never shipped: BSD, MIT or Apache-2.0, celery's manual CC BY-SA 4.0; smallest first
    Archive(
        "tornado", "6.6.1", 623_388, "28e6311402af59c8b02e3fa0f5e7d8eb465b25081381803b127d97e6a4395d5a", RST
    ),
    Archive(
        "flask", "3.1.3", 759_004, "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb", RST
    ),
    Archive(
        "scrapy", "2.19.0", 1_457_780, "34130726582b64c91531162ab277c4053e558876d49ba219cb43679e71d80a87", RST
    ),
    Archive(
        "pytest", "9.2.0", 1_797_555, "97c4f3b1f3c7414aa36465e09b8220f1d03627993bd51b1282e193753c80557b", RST
    ),
    Archive(
        "celery", "5.7.0", 2_075_113, "6a5dfcf6662287204f009a02002b9e66c83d4105e47ebabdc7079108772fc6f0", RST
    ),
    Archive(
        "alembic",
        "1.20.1",
        2_103_576,
        "83490def1f723413db5096591f7609ac52544805be93849170088ed04f5a2e0b",
        HTML,
    ),
    Archive(
        "twisted",
        "26.4.0",
        3_575_095,
        "dbfd0fe1ee409d0243fdd7a6a6ff14f4948cec1fd78e0376291f805e1501fae9",
        RST,
    ),
    Archive(
        "lxml", "6.0.2", 4_073_426, "cd79f3367bd74b317dda655dc8fcfa304d9eb6e4fb06b7168c5cf27f96e0cd62", HTML
    ),
    Archive(
        "astropy", "8.0.2", 7_178_167, "e6af35823099ad6a40b57dbe5ff845f577374ea131925c9fa4b49eeab06c5310", RST
    ),
    Archive(
        "scikit_learn",
        "1.9.1",
        7_786_908,
        "629cada3e33e2b9bf376cdc7614a47a4140b8aedc1d836579e359736fbd82977",
        RST,
    ),
    Archive(
        "sympy", "1.14.0", 7_793_921, "d3d3fe8df1e5a0b42f0e7bdf50541697dbe7d23746e894990c030e2b05e72517", RST
    ),
    Archive(
        "django",
        "5.2.19",
        10_969_285,
        "ad03d8abc51dbff95ebf34b27123cf0c26a3b62db7ba0cd520783686362533d1",
        RST,
    ),
)


def fetch_archives(folder: Path, reporter: Reporter) -> dict[Archive, Path]:
    """Return where archives lie; what an earlier demo fetched is not fetched again.

    Parameters
    ----------
    folder : Path
        Where they are put.
    reporter : Reporter
        Is told what is fetched, and why something could not be.

    Returns
    -------
    dict
        Without those that could not be fetched. Where the first one could not, no other is tried.
    """
    folder.mkdir(exist_ok=True)
    paths = {archive: folder / archive.file for archive in ARCHIVES}
    missing = [archive for archive, path in paths.items() if not _is_whole(path, archive)]
    size_mb = sum(archive.size_bytes for archive in missing) // MB
    failed: dict[Archive, str] = {}

    def fetch(archive: Archive) -> None:
        try:
            paths[archive].write_bytes(_download(index, archive, meter))
        except (OSError, HTTPException, ValueError) as error:
            failed[archive] = f"{archive.file}: {getattr(error, 'reason', error)}"

    if missing:
        reporter.say(f"Fetching the manuals of {len(missing)} packages from pip's index, {size_mb} MB ...")
        index, meter = pip_index(), Meter(total=size_mb, done=0, things="MB")
        with reporter.track(meter), ThreadPoolExecutor(AT_A_TIME) as pool:
            fetch(missing[0])
            if failed:
                failed |= dict.fromkeys(missing, failed[missing[0]])
            else:
                list(pool.map(fetch, missing[1:]))
    if failed:
        reporter.say(
            f"{len(failed)} of them could not be fetched ({next(iter(failed.values()))}). "
            "Docstrings of this machine take their place."
        )
    return {archive: path for archive, path in paths.items() if archive not in failed}


def pages_of(archive: Archive, path: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each page of an archive, and its text."""
    wanted = re.compile(archive.pages)
    with tarfile.open(path, "r:gz") as members:
        for member in members:
            _, _, below = member.name.partition("/")
            if member.isfile() and member.size <= PAGE_BYTES and wanted.fullmatch(below):
                found = members.extractfile(member)
                if found is not None:
                    yield member.name, text_of(member.name, found.read().decode(errors="replace"))


def pip_index() -> str:
    """Return the address of the package index that pip uses here; empty where pip does not say."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--help"],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "1000"},  # or addresses are broken into lines
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"Package Index \(default (\S+)\)", done.stdout)
    return found[1].rstrip("/") if found else ""


def _is_whole(path: Path, archive: Archive) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == archive.sha256
    except OSError:
        return False


def _download(index: str, archive: Archive, meter: Meter) -> bytes:
    """Return an archive; ValueError says what is wrong with it or with the address of the index."""
    if not index:
        raise ValueError("pip names no index")
    address = f"{index}/{archive.name.replace('_', '-')}/"
    with urlopen(Request(address, headers={"Accept": "text/html"}), timeout=TIMEOUT_S) as page:
        links = page.read().decode(errors="replace")
    link = re.search(rf'href="([^"#]*/{re.escape(archive.file)})[#"]', links)
    if link is None:
        raise ValueError("the index does not have it")
    data = bytearray()
    with urlopen(urljoin(address, link[1]), timeout=TIMEOUT_S) as file:
        while len(data) <= archive.size_bytes and (piece := file.read(CHUNK_BYTES)):
            before, data = len(data), data + piece
            meter.count(len(data) // MB - before // MB)
    if hashlib.sha256(data).hexdigest() != archive.sha256:
        raise ValueError("what came is not the file that is wanted, by its sha256")
    return bytes(data)
