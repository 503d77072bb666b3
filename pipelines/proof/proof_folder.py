"""The folder of a proof: what is done stays, so that the same command goes on where it was.

::

    PROOF/plan.json                  settings, what was drawn, and how long models are trained
    PROOF/tokenizer.json             one for all arms
    PROOF/arms/ARM-SEED.parquet      what a model reads in a pass: text, edu_score, file, row
    PROOF/held-out.parquet           documents that no model reads: arm, text, file, row
    PROOF/models/ARM-SEED/           a model, as transformers saves it
    PROOF/measured/ARM-SEED.parquet  what it thinks of each item; written last of a model
    PROOF/lego/ARM-SEED.json         how well it follows chains, with --probe lego
    PROOF/proof.json, proof.html     figures, and the page
    PROOF/lock                       held by the running process
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import OutputError
from filtering.regular_files import parse_json, read_regular
from pipelines.locks import hold_lock
from pipelines.new_files import written_whole
from pipelines.proof.draws import Drawn
from pipelines.proof.measuring import Measured

PLAN_BYTES = 64 << 20
BYTES_TIER, QUARTER, HALF, WHOLE = "bytes", "quarter", "half", "whole"
"""When a model is measured; the first is the model of bytes of the same text."""
MEASURED_SCHEMA = pa.schema(
    [
        ("when", pa.string()),
        ("evaluation", pa.string()),
        ("bits", pa.float64()),
        ("size", pa.int64()),
        ("margin", pa.float64()),
    ]
)
ByWhen = Mapping[str, Mapping[str, Measured]]
"""What was measured of a model: by when, and evaluation."""


@dataclass(frozen=True)
class ProofFolder:
    """A folder of a proof.

    Parameters
    ----------
    root : Path
    """

    root: Path

    @property
    def plan(self) -> Path:
        """Whose existence says that everything is drawn."""
        return self.root / "plan.json"

    @property
    def tokenizer(self) -> Path:
        """The tokens of all models."""
        return self.root / "tokenizer.json"

    def model(self, name: str) -> Path:
        """Return the folder of a model."""
        return self.root / "models" / name

    def measured(self, name: str) -> Path:
        """Return the file of what a model thinks, which says that it is done."""
        return self.root / "measured" / f"{name}.parquet"

    def probed(self, name: str) -> Path:
        """Return the file of how well a model follows chains."""
        return self.root / "lego" / f"{name}.json"

    def arm(self, name: str) -> Path:
        """Return the file of what a model reads."""
        return self.root / "arms" / f"{name}.parquet"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Hold the folder, which no other process may write to meanwhile.

        Raises
        ------
        OutputError
            If it holds something else, or another process writes to it.
        """
        if self.root.exists() and not self.root.is_dir():
            raise OutputError(f"A proof must go to a folder. '{self.root}' is a file. Choose another --out.")
        others = sorted(set(os.listdir(self.root)) - {"lock"}) if self.root.exists() else []
        if others and "lock" not in os.listdir(self.root):
            raise OutputError(
                f"A proof must go to a new or empty folder, or to one of a proof. '{self.root}' holds "
                f"{others[0]!r}. "
                "Choose another --out."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        for name in ("arms", "models", "measured", "lego"):
            (self.root / name).mkdir(exist_ok=True)
        with hold_lock(self.root / "lock", self.root):
            yield

    def read_plan(self) -> dict[str, Any] | None:
        """Return what was planned; None where nothing was."""
        if not self.plan.exists():
            return None
        plan = parse_json(read_regular(self.plan, (self.root.resolve(),), PLAN_BYTES))
        if not isinstance(plan, dict):
            raise OutputError(f"{self.plan} must hold a JSON object. Remove it to begin anew.")
        return plan

    def write_json(self, path: Path, value: Mapping[str, Any]) -> None:
        """Write a JSON file, whole or not at all."""
        with written_whole(path) as place:
            place.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def write_documents(self, path: Path, documents: Sequence[tuple[str, Drawn]]) -> None:
        """Write documents, each with the arm that it is of."""
        columns = {
            "arm": pa.array([arm for arm, _ in documents], pa.string()),
            "text": pa.array([one.text for _, one in documents], pa.large_string()),
            "edu_score": pa.array([one.score for _, one in documents], pa.float32()),
            "file": pa.array(
                [one.file.encode("utf-8", "replace").decode() for _, one in documents], pa.string()
            ),
            "row": pa.array([one.row for _, one in documents], pa.int64()),
        }
        with written_whole(path) as place:
            pq.write_table(pa.table(columns), place, compression="zstd")

    def read_texts(self, path: Path) -> list[tuple[str, str]]:
        """Return arm and text of documents."""
        table = pq.read_table(path, columns=["arm", "text"])
        return list(zip(table["arm"].to_pylist(), table["text"].to_pylist(), strict=True))

    def write_measured(self, name: str, found: ByWhen) -> None:
        """Write what a model thinks: the last file of it."""
        tables = [
            pa.table(
                {
                    "when": [when] * len(one.bits),
                    "evaluation": [evaluation] * len(one.bits),
                    "bits": one.bits,
                    "size": one.sizes,
                    "margin": one.margins,
                },
                MEASURED_SCHEMA,
            )
            for when, of_one in found.items()
            for evaluation, one in of_one.items()
        ]
        with written_whole(self.measured(name)) as place:
            pq.write_table(pa.concat_tables(tables), place, compression="zstd")

    def read_measured(self, name: str) -> ByWhen:
        """Return what a model thinks."""
        table = pq.read_table(self.measured(name), schema=MEASURED_SCHEMA)
        found: dict[str, dict[str, Measured]] = {}
        keys = list(zip(table["when"].to_pylist(), table["evaluation"].to_pylist(), strict=True))
        starts = [at for at, key in enumerate(keys) if not at or keys[at - 1] != key]
        for start, stop in zip(starts, [*starts[1:], len(keys)], strict=True):
            when, evaluation = keys[start]
            of_one = table.slice(start, stop - start)
            found.setdefault(when, {})[evaluation] = Measured(
                *(of_one[column].to_numpy() for column in ("bits", "size", "margin"))
            )
        return found
