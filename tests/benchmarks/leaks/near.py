"""Compares what could tell how near a text is to a part of a task: pairs of words, MinHash, embeddings.

Prompts and solutions of HumanEval are edited and put into ordinary files. All measures judge the same places,
those that have enough of a part's short runs; each is cut where it flags at most so many files of the pool.

``python -m tests.benchmarks.leaks.near --shared ../shared``; needs the extras annotate (rensa) and embed.
"""

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rensa

from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import EmbedderSettings
from filtering.leaks import LeakIndex, LeakSettings, read_benchmark
from filtering.leaks.candidate_places import Documents, Place, find_places, find_runs
from filtering.leaks.index import word_pairs
from filtering.leaks.search import MARGIN_BYTES
from filtering.text.arrow import text_chunks
from tests.benchmarks.leaks.code import WORD
from tests.benchmarks.measure import timed

PERMUTATIONS = 128
GATE = 0.15
ALLOWED_FILES = (0, 3)
Places = list[tuple[Place, bytes]]


def places_in(index: LeakIndex, texts: Sequence[str]) -> Places:
    """Return the places of texts that are worth a closer look, with their text."""
    (chunk,) = text_chunks(pa.array(texts, pa.large_string()))
    documents = Documents.of(chunk, Counter())
    gates = np.full(len(index.parts), GATE)
    windows = np.array([part.window for part in index.parts])
    found = find_places(index.short, find_runs(index.short, documents, documents.is_read), gates, windows)
    return [
        (place, documents.text(place.row, max(place.start - MARGIN_BYTES, 0), place.stop + MARGIN_BYTES))
        for place in found
        if index.parts[place.part].pairs
    ]


def measures_of(index: LeakIndex) -> dict[str, Callable[[Places], list[float]]]:
    """Return each measure: places to nearness."""
    sketches = [sketch(part.pairs) for part in index.parts]
    embedder = SentenceTransformerEmbedder(EmbedderSettings())

    def embed(texts: list[str]) -> np.ndarray:
        vectors = embedder.embed(texts).vectors
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    parts = embed([getattr(index.known[part.task].task, part.name) for part in index.parts])

    def by_embedding(places: Places) -> list[float]:
        vectors = embed([text.decode(errors="replace") for _, text in places])
        return [float(vector @ parts[place.part]) for vector, (place, _) in zip(vectors, places, strict=True)]

    return {
        "share of the part's pairs": lambda places: [
            index.parts[place.part].share_in(text) for place, text in places
        ],
        "MinHash of pairs": lambda places: [
            sketches[place.part].jaccard(sketch(word_pairs(text))) for place, text in places
        ],
        "cosine of embeddings": by_embedding,
    }


def sketch(pairs: frozenset[tuple[bytes, bytes]]) -> rensa.RMinHash:
    """Return the MinHash of pairs of words."""
    found = rensa.RMinHash(num_perm=PERMUTATIONS, seed=1)
    found.update([b" ".join(pair).decode("latin-1") for pair in pairs])
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", type=Path, required=True, help="folder that holds pool/ and decontamination/"
    )
    shared = parser.parse_args().shared
    tasks = read_benchmark(shared / "decontamination" / "HumanEval.jsonl.gz")
    index = LeakIndex.of(tasks, LeakSettings())
    table = pq.read_table(shared / "pool" / "code.parquet")
    texts = table["text"].to_pylist()
    ordinary = places_in(index, texts)
    is_python = [at for at, language in enumerate(table["lang"].to_pylist()) if language == "Python"]
    rng = random.Random(0)
    hosts = [texts[at] for at in rng.sample(is_python, len(tasks))]
    vocabulary = [word for host in hosts for word in WORD.findall(host)]

    def edited(text: str, share: float) -> str:
        return WORD.sub(lambda word: rng.choice(vocabulary) if rng.random() < share else word[0], text)

    lines = ["| part | words replaced | measure | found at no file; at 3 | ms a place |", "| --- " * 5 + "|"]
    for part in ("prompt", "solution"):
        own = [at for at in ordinary if index.parts[at[0].part].name == part]
        number = sum(bool(one.pairs) for one in index.parts if one.name == part)
        for edits in (0.2, 0.3):
            leaks = [
                f"{host}\n{edited(getattr(task, part), edits)}"
                for task, host in zip(tasks, hosts, strict=True)
            ]
            planted = [
                (place, text)
                for place, text in places_in(index, leaks)
                if index.parts[place.part].task == place.row and index.parts[place.part].name == part
            ]
            for name, measure in measures_of(index).items():
                highest: defaultdict[int, float] = defaultdict(float)
                for (place, _), value in zip(own, measure(own), strict=True):
                    highest[place.row] = max(highest[place.row], value)
                cuts = sorted(highest.values(), reverse=True)
                near, spent = (
                    measure(planted),
                    timed(lambda measure=measure, planted=planted: measure(planted)),
                )
                found = "; ".join(
                    f"{sum(one > cuts[at] for one in near) / number:.3f}" for at in ALLOWED_FILES
                )
                each_ms = 1000 * spent.cpu_s / len(planted)
                lines.append(f"| {part} | {100 * edits:.0f} % | {name} | {found} | {each_ms:.3f} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
