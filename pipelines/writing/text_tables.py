"""The files of texts, row group by row group: memory does not grow with their number."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotations.asking.rubric import Rubric
from annotations.labels.label_rubric import KEY
from annotations.writing.recipe import Recipe, recipe_digest
from pipelines.dump.new_columns import TEXTS_KEY
from pipelines.new_files import written_whole
from pipelines.writing.attempts import Attempt
from pipelines.writing.documents import SOURCE
from pipelines.writing.marks import Marks
from pipelines.writing.reasons import detail_of
from pipelines.writing.text_folder import FAILED_FILE, data_file

NO_MARKS = Marks({}, None, None)


def text_schema(recipe: Recipe, rubric: Rubric | None) -> pa.Schema:
    """Return the columns of texts; those of grades where they are graded by a rubric."""
    fields = [("text", pa.large_string()), ("group", pa.string())]
    fields += [(name, pa.string()) for name in recipe.names]
    fields += SOURCE.items() if recipe.takes_document else ()
    fields += [
        ("recipe", pa.string()),
        ("recipe_sha256", pa.string()),
        ("model", pa.string()),
        ("draw", pa.int64()),
        ("tokens_in", pa.int64()),
        ("tokens_out", pa.int64()),
        ("price_usd", pa.float64()),
        ("picked", pa.string()),
    ]
    if rubric is not None:
        fields += [("score", pa.float64()), ("grader", pa.string())]
        fields += [(name, pa.float64()) for name in _dimensions(rubric)]
    fields += [("edu_score", pa.float32())]
    keys = {TEXTS_KEY: recipe_digest(recipe).encode()}
    if rubric is not None:  # as a table of labels has it, which this is too
        keys[KEY] = rubric.model_dump_json().encode()
    return pa.schema(fields, keys)


def _dimensions(rubric: Rubric) -> dict[str, str]:
    """Return dimensions by their columns; none where there is one, which is the score."""
    several = rubric.dimensions if len(rubric.dimensions) > 1 else ()
    return {f"score_{one.name}": one.name for one in several}


@dataclass(frozen=True)
class TextFiles:
    """Open files of texts.

    Parameters
    ----------
    recipe : Recipe
    recipe_sha256 : str
    rubric : Rubric, optional
    grader : str
    picked : str
        How texts were chosen, as labels say it of documents.
    kept, failed : pq.ParquetWriter
    """

    recipe: Recipe
    recipe_sha256: str
    rubric: Rubric | None
    grader: str
    picked: str
    kept: Any
    failed: Any

    def write(self, some: Sequence[tuple[Attempt, Marks, str]]) -> None:
        """Write texts, each with its marks and with what is wrong with it: empty for one that is kept."""
        kept = [self._row(attempt, marks) for attempt, marks, fault in some if not fault]
        failed = [
            {**self._row(attempt, marks), "reason": fault, "detail": detail_of(attempt, fault, self.recipe)}
            for attempt, marks, fault in some
            if fault
        ]
        for writer, mine in ((self.kept, kept), (self.failed, failed)):
            if mine:
                writer.write_table(pa.Table.from_pylist(mine, writer.schema))

    def _row(self, attempt: Attempt, marks: Marks) -> dict[str, Any]:
        draw, reply = attempt.draw, attempt.reply or {}
        grades = _dimensions(self.rubric) if self.rubric else {}
        return {
            "text": attempt.text(self.recipe),
            "group": draw.group,
            **draw.slots,
            **draw.source,
            "recipe": self.recipe.name,
            "recipe_sha256": self.recipe_sha256,
            "draw": draw.number,
            **{name: reply.get(name) for name in ("model", "tokens_in", "tokens_out", "price_usd")},
            "picked": self.picked,
            "score": marks.grade,
            "grader": self.grader if marks.grades else None,
            **{column: marks.grades.get(name) for column, name in grades.items()},
            "edu_score": marks.edu_score,
        }


@contextmanager
def text_files(
    out: str, recipe: Recipe, rubric: Rubric | None, grader: str, picked: str
) -> Iterator[TextFiles]:
    """Open the files of a folder; they get their names when both are whole."""
    schema = text_schema(recipe, rubric)
    kept, failed = data_file(out, recipe.name), Path(out, FAILED_FILE)
    kept.parent.mkdir(exist_ok=True)
    with ExitStack() as stack:
        writers = []
        of_failed = pa.schema([*schema, ("reason", pa.string()), ("detail", pa.string())], schema.metadata)
        for path, columns in ((kept, schema), (failed, of_failed)):
            place = stack.enter_context(written_whole(path))
            file = stack.enter_context(open(place, "wb"))
            writers.append(
                stack.enter_context(
                    pq.ParquetWriter(file, columns, compression="zstd", write_page_checksum=True)
                )
            )
        yield TextFiles(recipe, recipe_digest(recipe), rubric, grader, picked, *writers)
