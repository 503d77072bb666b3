"""Files of completions, models that write on, and a grader that counts hens."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import GradeConfig
from pipelines.proof.language_model import SIZES, new_model
from pipelines.proof.tokens import learn_tokens
from tests.kit.scripted.server import completion

PROMPTS = [
    f"Once upon a time, {name} went to the farm" for name in ("Tom", "Ann", "Ben", "Eve", "Kim", "Lea")
]
GOOD, POOR = " and saw hens hens hens hens.", " and saw a hen."


def write_completions(path, texts_by_model, prompts=PROMPTS):
    """Write what each model wrote after each beginning; a text stands for all beginnings, a list for each."""
    rows = [
        (prompt, texts if isinstance(texts, str) else texts[at], model)
        for model, texts in texts_by_model.items()
        for at, prompt in enumerate(prompts)
    ]
    columns = dict(zip(("prompt", "completion", "model"), map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), path)
    return str(path)


def parts_of(request):
    """Return the beginning, and what was written after it, of a question."""
    content = request.body["messages"][1]["content"]
    whole = content if isinstance(content, str) else "\n".join(part["text"] for part in content)
    delimiter = re.search(r"lines that say (\w{16})\.", whole).group(1)
    _, beginning, _, written, _ = re.split(rf"\n?{delimiter}\n?", whole.partition(f"{delimiter}.\n")[2])
    return beginning, written


def count_hens(request):
    """Answer with as many points as there are hens, up to 5."""
    _, written = parts_of(request)
    points = min(len(re.findall(r"hens?", written)), 5)
    names = request.body["response_format"]["json_schema"]["schema"]["properties"]
    return completion(
        {"reason": "Hens were counted.", **{name: points for name in names if name != "reason"}}
    )


def grade_config(tmp_path, **changed):
    """Return settings that grade a file of completions."""
    values = {"out": tmp_path / "grades", "model": "scripted", **changed}
    if "texts" not in values and "prompts" not in values:
        values["texts"] = write_completions(tmp_path / "texts.parquet", {"good": GOOD, "poor": POOR})
    return GradeConfig(**values)


def write_model(folder, seed=0):
    """Save a tiny language model that has learned nothing, with its tokenizer, as a proof does."""
    tokens = learn_tokens([*PROMPTS, GOOD, POOR], SIZES["toy"].vocabulary)
    new_model(SIZES["toy"], seed=seed, device="cpu", vocabulary=tokens.count).save(folder)
    tokens.save(folder)
    return str(folder)


def write_prompts(path, prompts=PROMPTS):
    """Write beginnings as lines of JSON."""
    path.write_text("".join(json.dumps({"prompt": one}) + "\n" for one in prompts))
    return str(path)
