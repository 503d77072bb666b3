"""The table of hits: what is told of each place of a task, and the words of it."""

import pyarrow as pa

QUESTION, PASSAGE = "question", "passage"
"""Parts of a task in prose."""
LEAK, COMMON, COMMON_TEXT = "leak", "common knowledge", "common text"
ANSWERED = "question and answer"
"""The part that was found where the right answer stands near the question."""
SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in (
            ("row", pa.int64()),
            ("first_line", pa.int64()),
            ("last_line", pa.int64()),
            ("task", pa.string()),
            ("benchmark", pa.string()),
            ("method", pa.string()),
            ("part", pa.string()),
            ("strength", pa.float32()),
            ("verdict", pa.string()),
        )
    ]
)
