"""Makes tasks of a benchmark, and dumps that leak them."""

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.leaks import Task
from pipelines import DecontaminateConfig
from tests.kit.dumps.small import make_texts

PROMPT = '''from typing import List


def weigh_baskets(baskets: List[float], limit: float) -> List[int]:
    """ Given the weights of several baskets of apples, return the places of those that are heavier
    than all lighter neighbours together, but not over the limit; an empty orchard has no such basket.
    >>> weigh_baskets([1.0, 4.0, 2.0], 5.0)
    [1]
    """
'''

SOLUTION = """    places = []
    for place, weight in enumerate(baskets):
        around = baskets[max(place - 1, 0):place] + baskets[place + 1:place + 2]
        lighter = sum(other for other in around if other < weight)
        if weight > lighter and weight <= limit:
            places.append(place)
    return sorted(places)
"""

WHOLE = PROMPT + SOLUTION

FIB = Task(
    "Made/1",
    "made",
    "",
    "def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\n",
    "",
    "fib",
)

OTHER = """def read_lines(path):
    with open(path) as lines:
        return [line.strip() for line in lines if line]
"""

LEAKY = {
    5: WHOLE,
    33: f"{OTHER}\n\n{WHOLE}\n\n{OTHER}",
    61: OTHER + PROMPT.replace("\n", "\r\n"),
    62: f"text before\n{WHOLE}",
}
"""Rows with a leak, over several row groups and files."""

ROWS = 120


def make_task(task_id, **more):
    return {"task_id": task_id, "prompt": PROMPT, "canonical_solution": SOLUTION, "test": "assert True",
            "entry_point": "weigh_baskets", **more}  # fmt: skip


def source_texts():
    texts = make_texts(ROWS)
    for row, text in LEAKY.items():
        texts[row] = text
    texts[70] = f"{OTHER}\n{FIB.solution}"
    return texts


def write_source(folder, kind=None):
    folder.mkdir(parents=True)
    texts = source_texts()
    for number, start in enumerate(range(0, ROWS, 60)):
        column = pa.array(texts[start : start + 60])
        table = pa.table({"id": range(start, start + 60), "text": column.cast(kind or pa.string())})
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=20)
    return folder


def config_of(source, benchmark, out, **more):
    return DecontaminateConfig(
        inputs=[str(source)], against=[str(benchmark)], out=out, rows_per_part=20, **more
    )
