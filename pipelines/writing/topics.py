"""The first step of a recipe with topics: the model lists them, once, and the folder keeps the list.

Draws are made over the list, so it is written when it is whole, and never changed.
"""

import json
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

from annotations.asking.journal import Journal
from annotations.asking.question_loop import PricedQuestion
from annotations.writing.forms import topic_key, topics_in
from annotations.writing.recipe import COUNT, Recipe, filled
from filtering.errors import OutputError, RunError
from pipelines.new_files import written_whole
from pipelines.progress import Reporter
from pipelines.settings.asking import AskingSettings
from pipelines.writing.asker import Asked, ask
from pipelines.writing.text_folder import TOPICS_FILE

AT_ONCE = 40
"""Topics that one question asks for: of longer lists models repeat the end."""
SPARE = 1.3
"""So many more are asked for, since some come twice."""
TOPIC_CHARS = 60
"""Of a topic in an estimate, where none is known yet."""

Pairs = Sequence[tuple[str, str]]


def topic_questions(recipe: Recipe, count: int, asked: Asked) -> list[PricedQuestion]:
    """Return the questions for so many topics of a recipe in all."""
    return [priced for _, priced in _questions(recipe, count, asked)]


def _questions(recipe: Recipe, count: int, asked: Asked) -> Iterator[tuple[str, PricedQuestion]]:
    """Yield the questions, with the value that each is about."""
    if recipe.topics is None:
        return
    values = recipe.slots[recipe.topics.of]
    values = values[:: max(1, len(values) // count)][:count]
    each = ceil(SPARE * ceil(count / len(values)))
    lists = ceil(each / AT_ONCE)
    length = ceil(each / lists)
    for number in range(1, lists + 1):
        for value in values:
            window = filled(recipe.topics.instructions, {recipe.topics.of: value, COUNT: str(length)})
            if lists > 1:
                window += f"\n\nThis is list {number} of {lists}. Each list has other topics."
            yield value, asked.priced(window)


def list_topics(
    recipe: Recipe,
    count: int,
    asked: Asked,
    config: AskingSettings,
    out: str,
    journal: Journal,
    reporter: Reporter,
) -> Pairs:
    """Have the topics of a folder listed, and return them.

    Parameters
    ----------
    recipe : Recipe
    count : int
        How many there shall be. There may be fewer, where the model repeats itself.
    asked : Asked
    config : AskingSettings
    out : str
    journal : Journal
    reporter : Reporter

    Returns
    -------
    sequence of (str, str)
        Values of the slot that topics are of, and topics; none where the budget ended.

    Raises
    ------
    RunError
        If questions found no answer, or no topic came.
    """
    questions = list(_questions(recipe, count, asked))
    reporter.say(f"Asking for {count:,} topics first ...")
    if not ask(asked, lambda: (priced for _, priced in questions), config, journal, reporter):
        return ()
    pairs = _pairs(questions, count, journal)
    if len(pairs) < count:
        reporter.say(f"{len(pairs):,} of {count:,} topics came that are all different.")
    with written_whole(Path(out, TOPICS_FILE)) as place:
        place.write_text("".join(f"{json.dumps(pair)}\n" for pair in pairs), encoding="utf-8")
    return pairs


def _pairs(questions: Sequence[tuple[str, PricedQuestion]], count: int, journal: Journal) -> Pairs:
    """Return the topics that came, each once: of all values as many, as far as they reach."""
    found: dict[str, list[str]] = {}
    known = set()
    unanswered = 0
    for value, priced in questions:
        reply = journal.reply_to(priced.question)
        if reply is None or reply["status"] == "api_error":
            unanswered += 1
            continue
        for topic in topics_in(reply["raw"]):
            if (key := topic_key(topic)) not in known:
                known.add(key)
                found.setdefault(value, []).append(" ".join(topic.split()))
    if unanswered or not found:
        raise RunError(
            f"All topics must be there before texts are drawn. {unanswered:,} of {len(questions):,} "
            "questions found no answer. The same command asks them again."
            if unanswered
            else "A model must list topics, one a line. No reply did. Try another model, in another --out."
        )
    longest = max(map(len, found.values()))
    in_turn = [
        (value, topics[at]) for at in range(longest) for value, topics in found.items() if at < len(topics)
    ]
    return in_turn[:count]


def read_topics(path: Path, values: Sequence[str]) -> Pairs:
    """Read the topics of a folder.

    Raises
    ------
    OutputError
        If the file is not as it was written.
    """
    try:
        pairs = [(value, topic) for value, topic in map(json.loads, path.read_text("utf-8").splitlines())]
        is_whole = bool(pairs) and all(value in values and isinstance(topic, str) for value, topic in pairs)
    except (OSError, ValueError, TypeError):
        is_whole = False
    if not is_whole:
        raise OutputError(
            f"{path} must have lines of a value of the slot and a topic, as they were written. Found others. "
            "Restore it, or choose another --out."
        )
    return pairs


def unknown_topics(values: Sequence[str], count: int) -> Pairs:
    """Return stand-ins for topics that are not listed yet, for an estimate."""
    return [(values[at % len(values)], "x" * TOPIC_CHARS) for at in range(count)]
