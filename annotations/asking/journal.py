"""Every reply that was paid for, as it came: a SQLite file that a kill at any point leaves whole.

A question is the digest of its form (a rubric's, say), a rater (model and parameters), a window and a number
of repeat. Its last reply counts; earlier ones stay, for they were paid for too. What is being asked is noted
before it is sent, with the most that it can cost: what a killed process left there counts as spent.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from annotations.asking.annotator import FINAL, Reply
from annotations.asking.prices import TOKENS_OF_PRICE, Price
from annotations.asking.prompt import rubric_digest
from annotations.asking.rubric import Rubric
from annotations.asking.settings import Rater
from annotations.samples.sampling import UNBIASED_PICKS
from filtering.errors import OutputError

JOURNAL_FORMAT = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY,
    window_sha256 TEXT NOT NULL UNIQUE,
    values_json TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS rubrics (
    rubric_sha256 TEXT PRIMARY KEY,
    values_json TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS replies (
    number INTEGER PRIMARY KEY,
    rubric_sha256 TEXT NOT NULL,
    model TEXT NOT NULL,
    parameters TEXT NOT NULL,
    window_sha256 TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    status TEXT NOT NULL,
    scores TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw TEXT NOT NULL,
    structured_by TEXT NOT NULL,
    served_model TEXT NOT NULL,
    tokens_in INTEGER,
    tokens_out INTEGER,
    latency_s REAL NOT NULL,
    error TEXT NOT NULL,
    price_usd REAL,
    answered_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS windows ON replies (window_sha256);
CREATE TABLE IF NOT EXISTS asked (
    number INTEGER PRIMARY KEY,
    rubric_sha256 TEXT NOT NULL,
    model TEXT NOT NULL,
    parameters TEXT NOT NULL,
    window_sha256 TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    most_usd REAL
);
"""
USD_DIGITS = 9
"""Of sums: a token of the cheapest models costs more than the last of them."""
QUESTION = ("rubric_sha256", "model", "parameters", "window_sha256", "repeat")
"""The columns that say what was asked."""


@dataclass(frozen=True)
class Question:
    """What one label is asked by; two equal ones are paid once.

    Parameters
    ----------
    rubric_sha256 : str
        Digest of the `QuestionForm`: of a rubric for labels, of a recipe for texts; empty for imported
        scores of which nothing tells the rubric.
    rater : Rater
    window_sha256 : str
        See `window_digest`.
    repeat : int
        From 1 on.
    """

    rubric_sha256: str
    rater: Rater
    window_sha256: str
    repeat: int = 1

    @property
    def values(self) -> tuple[str | int, ...]:
        """What stands in the columns of the journal."""
        return (self.rubric_sha256, self.rater.model, self.rater.parameters, self.window_sha256, self.repeat)


def window_digest(window: str) -> str:
    """Return the sha256 of a window, in hexadecimal."""
    return hashlib.sha256(window.encode("utf-8", errors="surrogatepass")).hexdigest()


class Journal:
    """The journal of one folder, of labels or of texts.

    Parameters
    ----------
    path : Path
        Made if it does not exist.

    Raises
    ------
    OutputError
        If the file is no journal, or one of another format.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._connection = _open(path)
        except sqlite3.Error as error:
            raise OutputError(
                f"{path} must be a journal of replies. {error}. Restore it, or choose another --out."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add_documents(self, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Note documents by the digest of their window; one that is known stays as it was noted first.

        But a random draw takes a document in that was chosen by its score before: it is of the random part
        now, which would else lack what was chosen. And of texts of one window the longest is kept: a table
        for people holds windows alone.
        """
        with self._connection:
            for digest, values in documents:
                found = self._connection.execute(
                    "SELECT values_json FROM documents WHERE window_sha256 = ?", (digest,)
                ).fetchone()
                self._connection.execute(
                    "INSERT INTO documents (window_sha256, values_json) VALUES (?, ?) "
                    "ON CONFLICT (window_sha256) DO UPDATE SET values_json = excluded.values_json",
                    (digest, json.dumps(_joined(_parsed(found[0]), values) if found else dict(values))),
                )

    def documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield digest and values of all documents, in the order in which they were noted."""
        with closing(self._connection.cursor()) as cursor:
            for digest, values in cursor.execute(
                "SELECT window_sha256, values_json FROM documents ORDER BY number"
            ):
                yield digest, _parsed(values)

    def ask(self, question: Question, most_usd: float | None) -> int:
        """Note what is about to be asked, and the most that it can cost; return a number for `record`."""
        with self._connection:
            cursor = self._connection.execute(
                f"INSERT INTO asked ({', '.join(QUESTION)}, most_usd) VALUES (?, ?, ?, ?, ?, ?)",
                (*question.values, most_usd),
            )
        return int(cursor.lastrowid or 0)

    def forget(self, asked: int) -> None:
        """Strike what was asked and surely cost nothing."""
        with self._connection:
            self._connection.execute("DELETE FROM asked WHERE number = ?", (asked,))

    def record(
        self, question: Question, reply: Reply, price_usd: float | None, asked: int | None = None
    ) -> None:
        """Keep a reply, and strike that it was asked for, in one step."""
        self.record_all([(question, reply, price_usd)], asked)

    def record_all(
        self, replies: Iterable[tuple[Question, Reply, float | None]], asked: int | None = None
    ) -> None:
        """Keep several replies in one step."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = []
        for question, reply, price_usd in replies:
            values = {**asdict(reply), "scores": json.dumps(dict(reply.scores))}
            cells = (*question.values, *values.values(), price_usd, now)
            rows.append([_storable(cell) for cell in cells])
        columns = ", ".join([*QUESTION, *Reply.__dataclass_fields__, "price_usd", "answered_at"])
        places = ", ".join("?" * (columns.count(",") + 1))
        with self._connection:
            self._connection.executemany(f"INSERT INTO replies ({columns}) VALUES ({places})", rows)
            if asked is not None:
                self._connection.execute("DELETE FROM asked WHERE number = ?", (asked,))

    def reply_to(self, question: Question) -> dict[str, Any] | None:
        """Return the last reply to a question, all columns; None where there is none."""
        cursor = self._last_reply(question, "*")
        row = cursor.fetchone()
        return None if row is None else dict(zip([one[0] for one in cursor.description], row, strict=True))

    def is_finished(self, question: Question) -> bool:
        """Tell whether a question is not to be asked again: all but those without an answer."""
        return any(status in FINAL for (status,) in self._last_reply(question, "status"))

    def is_begun(self) -> bool:
        """Tell whether any question was answered."""
        [(found,)] = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM replies WHERE status <> 'api_error')"
        )
        return bool(found)

    def _last_reply(self, question: Question, columns: str) -> sqlite3.Cursor:
        # The index by name: without statistics SQLite takes that of earlier versions, which has more columns.
        return self._connection.execute(
            f"SELECT {columns} FROM replies INDEXED BY windows WHERE "
            f"{' AND '.join(f'{name} = ?' for name in QUESTION)} ORDER BY number DESC LIMIT 1",
            question.values,
        )

    def ratings(self) -> list[dict[str, Any]]:
        """Return the last reply to each question, all columns, in the order of the first replies."""
        cursor = self._connection.execute(
            "SELECT replies.* FROM replies JOIN "
            f"(SELECT MAX(number) AS last, MIN(number) AS first FROM replies GROUP BY {', '.join(QUESTION)}) "
            "ON number = last ORDER BY first"
        )
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor]
        return [{**row, "scores": _parsed(row["scores"])} for row in found]

    def mean_tokens(self, rubric_sha256: str) -> dict[str, tuple[float, float]]:
        """Return the mean tokens of questions of a form and of their replies, by model, as servers count."""
        rows = self._connection.execute(
            "SELECT model, AVG(tokens_in), AVG(tokens_out) FROM replies "
            "WHERE tokens_in > 0 AND tokens_out > 0 AND rubric_sha256 = ? GROUP BY model",
            (rubric_sha256,),
        )
        return {model: (tokens_in, tokens_out) for model, tokens_in, tokens_out in rows}

    def spent_usd(self) -> float:
        """Return what all replies cost, and what a killed process may have spent without learning of it."""
        [(paid,)] = self._connection.execute("SELECT TOTAL(price_usd) FROM replies")
        return round(float(paid) + self.open_usd(), USD_DIGITS)

    def open_usd(self) -> float:
        """Return the most that the questions can have cost that were open when a process was killed."""
        [(unknown,)] = self._connection.execute("SELECT TOTAL(most_usd) FROM asked")
        return float(unknown)

    def set_prices(self, model: str, price: Price | None) -> None:
        """Price the replies of a model that came when its price was not known."""
        if price is None:
            return
        with self._connection:
            self._connection.execute(
                "UPDATE replies SET price_usd = (tokens_in * ? + tokens_out * ?) / ? "
                "WHERE model = ? AND price_usd IS NULL",
                (price.input_usd, price.output_usd, TOKENS_OF_PRICE, model),
            )

    def replies(self) -> int:
        """Return how many replies there are, of earlier attempts too."""
        [(count,)] = self._connection.execute("SELECT COALESCE(MAX(number), 0) FROM replies")
        return int(count)

    def models(self) -> list[str]:
        """Return the models that replied."""
        rows = self._connection.execute(
            "SELECT DISTINCT model FROM replies WHERE status <> 'imported' ORDER BY 1"
        )
        return [model for (model,) in rows]

    def models_without_price(self) -> list[str]:
        """Return the models of which some reply has no price."""
        rows = self._connection.execute(
            "SELECT DISTINCT model FROM replies WHERE price_usd IS NULL AND status <> 'imported' ORDER BY 1"
        )
        return [model for (model,) in rows]

    def add_rubric(self, rubric: Rubric) -> str:
        """Note the rubric of the labels, and return its digest; what no model is told may change.

        Raises
        ------
        OutputError
            If there are labels by another one.
        """
        digest = rubric_digest(rubric)
        asked = self._connection.execute(
            "SELECT DISTINCT rubric_sha256 FROM replies WHERE rubric_sha256 <> ''"
        )
        known = {found for (found,) in asked} - {digest}
        if known:
            raise OutputError(
                f"A folder must hold labels of one rubric. {rubric.name!r} (sha256 {digest[:12]}) asks "
                f"something else than the one of the labels here ({known.pop()[:12]}). "
                "Choose another --out."
            )
        with self._connection:
            self._connection.execute("DELETE FROM rubrics")
            self._connection.execute("INSERT INTO rubrics VALUES (?, ?)", (digest, rubric.model_dump_json()))
        return digest

    def rubric(self) -> Rubric | None:
        """Return the rubric of the labels; None where nothing told one."""
        rows = self._connection.execute("SELECT values_json FROM rubrics").fetchall()
        return Rubric.model_validate_json(rows[0][0]) if rows else None


def _parsed(text: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise OutputError(
            "A journal of replies must hold JSON as it was written. Found something else. Restore it, or "
            "choose another --out."
        ) from None
    return value


def _joined(known: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a document that is noted again."""
    is_drawn = (
        known.get("picked") not in (None, *UNBIASED_PICKS)
        and values.get("picked") in UNBIASED_PICKS
        and values.get("probability") is not None
    )
    longest = max(known, values, key=lambda one: len(one.get("text") or ""))
    text = {name: longest[name] for name in ("text", "text_bytes") if name in longest}
    return {**(values if is_drawn else known), **text}


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)  # one at a time: see `asking.ask_all`
    try:
        [(found,)] = connection.execute("PRAGMA user_version")
        [(tables,)] = connection.execute("SELECT COUNT(*) FROM sqlite_master")
        if found != JOURNAL_FORMAT and (found or tables):
            raise OutputError(
                f"{path} must be a journal of format {JOURNAL_FORMAT}. Got {found} instead. "
                "Use the edufilter that wrote it, or choose another --out."
            )
        # A commit reaches the system before the next call goes out, so a killed process loses nothing;
        # after a loss of power the last replies may be missing, and are asked for again.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # In one step: a kill in between would leave tables without a format.
        connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {JOURNAL_FORMAT};COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _storable(value: object) -> object:
    """Return a value that SQLite takes: a reply may hold half of a character, which UTF-8 does not have."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
