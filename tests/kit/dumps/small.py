"""Makes small dumps and labels, and reads back what runs left: shared by the tests of `pipelines`."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from filtering import load_scorer, save_scorer

CUT = 1.5
"""Rubric points that part the texts below about in halves."""

FAST = ("--effort", "fast")
"""What the default is; said where a test is about effort fast."""
BARE = (*FAST, "--no-report")
"""For runs whose page no test looks at: to draw it takes as long as all the rest of a short run."""

TEACHING = (
    "Photosynthesis is how plants make food from light.",
    "Water enters through the roots, and carbon dioxide through the leaves.",
    "For example, a leaf in the shade makes less sugar because it catches less light.",
    "A fraction tells how many parts of a whole we have.",
    "To add two fractions, first find a common denominator.",
    "Let us see why this works, step by step.",
    "The derivative of a function measures how fast its value changes.",
    "Therefore the area of the triangle is half of its base times its height.",
    "In this lesson we learn how electrons move through a wire.",
    "Recall that energy is neither made nor destroyed; it only changes its form.",
)

SELLING = (
    "Buy 2, get 1 free!",
    "Free shipping on orders over $50.",
    "Subscribe now!",
    "Home | Products | Contact | Login",
    "Click here for the best deals in town.",
    "Best prices, guaranteed.",
    "All rights reserved.",
    "Posted by admin on Monday.",
    "Add to cart",
    "Great hotel, loved the pool, would stay again.",
)

RUSSIAN = (
    "Фотосинтез - это процесс, с помощью которого растения получают пищу из света. "
    "Вода поступает через корни, "
    "а углекислый газ через листья. Посмотрим, почему это так, шаг за шагом."
)
CHINESE = (
    "光合作用是植物利用光能制造养分的过程。水从根部进入,二氧化碳从叶片进入。让我们一步一步来看为什么会这样。"
)
GEORGIAN = (
    "ფოტოსინთეზი არის პროცესი, რომლის დროსაც მწვანე მცენარეები სინათლის დახმარებით ქმნიან შაქარს. "
    "მაგალითად, ფოთოლი იღებს წყალს ფესვებიდან და ნახშირორჟანგს ჰაერიდან. "
)
"""In a language of which the scorer `web` has no labels, as is the next."""
ARMENIAN = (
    "Ֆոտոսինթեզը գործընթաց է, որի ընթացքում կանաչ բույսերը լույսի օգնությամբ շաքար են ստեղծում։ "
    "Օրինակ՝ տերևը ջուրը ստանում է արմատներից, իսկ ածխաթթու գազը՝ օդից։ "
)
FINNISH = (
    "Fotosynteesi on prosessi, jossa vihreät kasvit valmistavat sokeria valon avulla. "
    "Esimerkiksi lehti saa veden juurista ja hiilidioksidin ilmasta. "
)
"""In a language of which it has a few."""


def make_texts(count: int, *, seed: int = 0) -> list[str]:
    """Return documents between a lesson and an advertisement, each its own mixture."""
    random = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        share = random.random()
        kinds = random.random(int(random.integers(2, 30))) < share
        texts.append(" ".join((TEACHING if kind else SELLING)[random.integers(10)] for kind in kinds))
    return texts


def make_table(rows: int, *, first_id: int = 0, seed: int = 0) -> pa.Table:
    """Return rows with an id of their own each."""
    ids = pa.array(range(first_id, first_id + rows), pa.int64())
    urls = [f"https://example.org/{number}" for number in range(first_id, first_id + rows)]
    texts = pa.array(make_texts(rows, seed=seed), pa.string())
    return pa.table({"id": ids, "url": pa.array(urls, pa.string()), "text": texts})


def make_labels(rows: int = 300, groups: int = 60, seed: int = 0) -> pa.Table:
    """Return labels that say how large the teaching share of a text is, with some noise."""
    random = np.random.default_rng(seed)
    texts, scores = [], []
    for _ in range(rows):
        share = random.random()
        kinds = random.random(int(random.integers(4, 25))) < share
        texts.append(" ".join((TEACHING if kind else SELLING)[random.integers(10)] for kind in kinds))
        scores.append(int(np.clip(round(5 * share + random.normal(0, 0.4)), 0, 5)))
    return pa.table(
        {
            "text": texts,
            "score": pa.array(scores, pa.int8()),
            "group": [f"site-{number % groups}.example" for number in range(rows)],
            "picked": ["random" if number % 3 else "uncertain-or-high" for number in range(rows)],
        }
    )


def replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return a table with other values in one column."""
    return table.set_column(table.column_names.index(name), name, values)


def write_dump(folder: Path, *, rows: Sequence[int] = (230, 120, 60), row_group_size: int = 40) -> Path:
    """Write a dump of several files, one of them in a folder of its own; ids go on from file to file."""
    first_id = 0
    for number, count in enumerate(rows):
        path = folder / ("deep" if number == 1 else "") / f"part-{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = make_table(count, first_id=first_id, seed=number)
        pq.write_table(table, path, row_group_size=row_group_size)
        first_id += count
    return folder


def digests(folder: Path, *, keep: Callable[[str], bool] = lambda name: True) -> dict[str, str]:
    """Return the sha256 of each file below a folder, by its relative path."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and keep(name := path.relative_to(folder).as_posix())
    }


def lasting(out: Path) -> dict[str, str]:
    """Return the digests of what must not depend on how a run went: data, scores, hits, totals."""
    folders = ("data/", "run/scores/", "run/hits")
    return digests(out, keep=lambda name: name.startswith(folders) or name == "run/manifest.parquet")


def copy_of_scorer(web: str, folder: Path, *, domain: str) -> str:
    """Save a scorer anew for another domain: the same scores, another digest."""
    save_scorer(replace(load_scorer(web), domain=domain), str(folder), metrics={}, card="A copy.\n")
    return str(folder)


def tables(folder: Path) -> pa.Table:
    """Return the Parquet files of a folder as one table, in the order of their names."""
    return pa.concat_tables(
        [pq.read_table(path) for path in sorted(folder.rglob("*.parquet"))], promote_options="permissive"
    )
