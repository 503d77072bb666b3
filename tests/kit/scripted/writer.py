"""A model that writes: what a recipe asks for, out of words by chance, with the faults that real ones have.

The same request always gets the same text. As a process, for measurements:

    python -m tests.kit.scripted.writer --latency-s 0.2
"""

import argparse
import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random

from annotations.writing.forms import TOPICS_SYSTEM
from annotations.writing.recipe import WORDS
from pipelines.writing.code_runs.run_code import FAILS_TESTS
from tests.kit.scripted.server import (
    Answer,
    Request,
    ScriptedServer,
    completion,
    cut_by_length,
    refused,
    say_line,
    serve_until_told,
    slow,
    text_parts,
)

USED = re.compile(r'the (?:noun|verb|adjective) "([^"]+)"')
DELIMITED = re.compile(r"lines that say (\w{16})\.\s*\1\n(.*)\n\1", re.DOTALL)
LISTED = re.compile(r"List (\d+)|Name (\d+)")
NAMES = ("Mila", "Otto", "Ines", "Bruno", "Ada", "Tariq", "Yuki", "Lena")
CODE = '''def count_{name}(values: list[int]) -> int:
    """Count the values that are larger than {limit}.

    {prose}
    """
    return sum(value > {limit} for value in values)


assert count_{name}([]) == 0
assert count_{name}([{limit}, {limit} + 1]) == 1
'''
SAME = "The one story that this model knows is about a hen. " + " ".join(
    f"Then the hen met {name} and they walked on together." for name in NAMES
)


@cache
def words_of(kind: str) -> list[str]:
    """Return a list of words that is shipped."""
    return (WORDS / f"{kind}.txt").read_text().split("\n")[:-1]


def prose(random: Random, words: int, must: tuple[str, ...] = ()) -> str:
    """Return sentences of about so many words, in which some words occur."""
    sentences = [f"They often said {word} to each other." for word in must]
    while sum(len(one.split()) for one in sentences) < words:
        noun, other = random.sample(words_of("nouns"), 2)
        adjective, verb = random.choice(words_of("adjectives")), random.choice(words_of("verbs"))
        name = random.choice(NAMES)
        sentences.append(
            random.choice(
                (
                    f"{name} saw the {adjective} {noun} and wanted to {verb} it with a {other}.",
                    f"Because the {noun} was {adjective}, {name} could not {verb} near the {other}.",
                    f"When the {other} came, the {adjective} {noun} had to {verb} again.",
                )
            )
        )
    random.shuffle(sentences)
    return " ".join(sentences)


def text(request: Request) -> Answer:
    """Answer with the text that is asked for."""
    asked, random = text_parts(request.body, "user")[-1], Random(request.digest)
    if TOPICS_SYSTEM in text_parts(request.body, "system"):
        count = int(next(filter(None, LISTED.search(asked).groups())))
        lines = [f"{at}. {' '.join(random.sample(words_of('nouns'), 3))}" for at in range(1, count + 1)]
        return completion("\n".join(["Here are some topics:", *lines]), usage=(50, 5 * count))
    if "Python code block" in asked:
        code = CODE.format(name=request.digest.hex(), limit=random.randrange(100), prose=prose(random, 60))
        return completion(f"```python\n{code}```", usage=(100, 120))
    must = tuple(USED.findall(asked))
    return completion(prose(random, 150, must), usage=(100, 200))


def grades(request: Request) -> Answer:
    """Answer with points by chance for each dimension of the rubric, always the same for a document."""
    schema = request.body["response_format"]["json_schema"]["schema"]["properties"]
    random = Random(DELIMITED.search("\n".join(text_parts(request.body, "user")))[2])
    points = {name: random.choice(one["enum"]) for name, one in schema.items() if "enum" in one}
    return completion({"reason": "By chance.", **points})


def said(answer: Answer) -> str:
    """Return what an answer says."""
    return str(json.loads(answer.body)["choices"][0]["message"]["content"])


Fault = Callable[[Request], Answer]
FAULTS: Mapping[str, tuple[Fault, str]] = {
    "refusal": (lambda _: refused(), "refusal"),
    "refusal in words": (lambda _: completion("I'm sorry, but I can't help with that request."), "refusal"),
    "cut": (lambda _: cut_by_length(), "cut"),
    "the same": (lambda _: completion(SAME), "near-duplicate"),
    "echo": (lambda request: completion(text_parts(request.body, "user")[-1]), "echo of the request"),
    "short": (lambda _: completion("A hen ran."), "too short"),
    "loop": (lambda _: completion("The hen ran home and slept. " * 60), "repeats itself"),
    "wrong tests": (lambda one: completion(said(text(one)).replace("== 0", "== 1")), FAILS_TESTS),
    "broken code": (lambda one: completion(f"```python\n{CODE}def (: {one.digest}```"), "does not parse"),
}
"""What real models do wrong, and the reason for which it is thrown away."""


@dataclass(frozen=True)
class Writer:
    """A script that writes, and grades by chance.

    Parameters
    ----------
    faults : mapping of str to float
        Share of texts with each of `FAULTS`; the same requests always.
    latency_s : float
    """

    faults: Mapping[str, float] = field(default_factory=dict)
    latency_s: float = 0.0

    def __call__(self, request: Request) -> Answer:
        return slow(self._answer(request), self.latency_s)

    def _answer(self, request: Request) -> Answer:
        if "response_format" in request.body:
            return grades(request)
        chance = Random(request.digest).random()
        if TOPICS_SYSTEM not in text_parts(request.body, "system"):
            for name, share in self.faults.items():
                chance -= share
                if chance < 0:
                    return FAULTS[name][0](request)
        return text(request)


def main() -> None:
    """Serve until interrupted; the first line of output is the base URL."""
    parser = argparse.ArgumentParser(description="Serve the OpenAI chat API with texts made from words.")
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    server = ScriptedServer(Writer(latency_s=options.latency_s), max_kept=0)
    asyncio.run(serve_until_told(server))
    say_line(f"{server.count} requests, at most {server.most_at_once} at once")


if __name__ == "__main__":
    main()
