"""Measures effort full: against the bare model, and against the FineWeb-Edu classifier's architecture."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from filtering import load_scorer
from filtering.embedding.devices import find_device
from filtering.embedding.embedders import locate
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import MAX_TOKENS, EmbedderSettings, Placement
from filtering.text.windows import cut_window
from tests.benchmarks.measure import FILTER, RUNS, alternate, peak, rate, ratios, run_process, timed

DOCUMENTS = 512
"""Of the web pool, for the bare model."""
FEW_TOKENS = 128
BERT_DOCUMENTS = 128
BERT_TOKENS = 512
BERT_BATCH = 16
BERT_RUNS = 3


def embedding_section(texts: pa.Array, folder: Path) -> list[str]:
    """Return documents a second at effort full, beside those of bare models and of the main job."""
    spread = np.linspace(0, len(texts) - 1, DOCUMENTS).astype(int)
    some = texts.take(pa.array(spread))
    scorer = load_scorer("web", effort="full")
    windows = [cut_window(text) for text in some.to_pylist()]
    encode = bare_encode(windows)
    forward = bare_forward(windows, scorer.embedder)
    against_encode = alternate(lambda: timed(lambda: scorer.score(some)), lambda: timed(encode))
    against_forward = alternate(lambda: timed(lambda: scorer.score(some)), lambda: timed(forward))
    full = [pair[0] for pair in against_encode]
    bert_pairs = {}
    few = some.take(pa.array(np.linspace(0, DOCUMENTS - 1, BERT_DOCUMENTS).astype(int)))
    few_windows = [cut_window(text) for text in few.to_pylist()]
    bert = bare_bert(few.to_pylist())
    for tokens in (MAX_TOKENS, FEW_TOKENS):
        embedder = SentenceTransformerEmbedder(EmbedderSettings(max_tokens=tokens))
        bert_pairs[tokens] = alternate(
            lambda embedder=embedder: timed(lambda: embedder.embed(few_windows)),
            lambda: timed(bert),
            runs=BERT_RUNS,
        )
    return [
        "## Effort full: signals, embedding and head",
        "",
        f"{DOCUMENTS} documents of the web pool, {MAX_TOKENS} tokens of each, on all cores. Tokenising is "
        "included unless a line says otherwise.",
        "",
        "| what | documents/s | `scorer.score` runs at this many times its rate |",
        "| --- | --- | --- |",
        f'| `load_scorer("web", effort="full").score` | {rate(DOCUMENTS, full)} | |',
        f"| the bare model: forward passes alone, tokens made before, the same batches | "
        f"{rate(DOCUMENTS, [b for _, b in against_forward])} | {ratios(against_forward)} |",
        f"| the bare model as it is used: `SentenceTransformer.encode`, bf16 where we use it | "
        f"{rate(DOCUMENTS, [b for _, b in against_encode])} | {ratios(against_encode)} |",
        "",
        "MiniLM, as edufilter runs it, beside BERT-base with random weights at "
        f"{BERT_TOKENS} tokens, which is the architecture of the FineWeb-Edu classifier. Both compute in the "
        f"same kind of numbers, on the same {BERT_DOCUMENTS} documents:",
        "",
        "| tokens MiniLM reads | documents/s | BERT-base, documents/s | times as fast |",
        "| --- | --- | --- | --- |",
        *(
            f"| {tokens} | {rate(BERT_DOCUMENTS, [ours for ours, _ in pairs])} | "
            f"{rate(BERT_DOCUMENTS, [theirs for _, theirs in pairs])} | {ratios(pairs)} |"
            for tokens, pairs in bert_pairs.items()
        ),
        "",
        *filter_lines(texts, folder),
    ]


def data_type() -> torch.dtype:
    """Return the numbers that the embedder computes in here."""
    found: torch.dtype = find_device(torch, "cpu")[1]
    return found


def bare_encode(windows: Sequence[str]) -> Callable[[], object]:
    """Return the usual way to embed windows."""
    from sentence_transformers import SentenceTransformer

    folder, _ = locate(EmbedderSettings(), Placement())
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": data_type()})
    model.max_seq_length = MAX_TOKENS
    return lambda: model.encode(list(windows), batch_size=32, show_progress_bar=False)


def bare_forward(windows: Sequence[str], embedder: object) -> Callable[[], object]:
    """Return the forward passes alone of the embedder, over tokens that are made here."""
    rows, _ = embedder._tokenize(list(windows))
    out = np.zeros((len(windows), embedder.width), dtype=np.float32)
    return lambda: embedder._embed_chunk(rows, out)


def bare_bert(texts: Sequence[str]) -> Callable[[], object]:
    """Return how the FineWeb-Edu classifier scores texts: BERT-base, sorted by length; random weights."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder, _ = locate(EmbedderSettings(), Placement())
    tokenizer = AutoTokenizer.from_pretrained(folder)  # the same vocabulary as BERT's
    model = BertForSequenceClassification(BertConfig(num_labels=1)).to(data_type()).eval()

    def score() -> None:
        tokens = tokenizer(list(texts), truncation=True, max_length=BERT_TOKENS)["input_ids"]
        tokens.sort(key=len)
        with torch.inference_mode():
            for start in range(0, len(tokens), BERT_BATCH):
                batch = tokenizer.pad({"input_ids": tokens[start : start + BERT_BATCH]}, return_tensors="pt")
                model(**batch)

    return score


def filter_lines(texts: pa.Array, folder: Path) -> list[str]:
    """Return the main job at effort full: its rate, and its memory on few and on many documents."""
    lines = [
        "`edufilter filter --effort full`, whole process:",
        "",
        "| documents | documents/s | peak memory, MB |",
        "| --- | --- | --- |",
    ]
    for rows in (1_000, 7_000):
        dump, out = folder / f"full-{rows}.parquet", folder / "full-out"
        pq.write_table(pa.table({"text": texts.slice(0, rows)}), dump)
        shutil.rmtree(out, ignore_errors=True)
        run = run_process([*FILTER, str(dump), "--out", str(out), "--effort", "full"])
        lines.append(f"| {rows:,} | {rate(rows, [run])} | {peak([run])} |")
    return [
        *lines,
        "",
        f"(One run each. The tables above are medians of {RUNS} pairs, or of {BERT_RUNS} for BERT.)",
        "",
    ]
