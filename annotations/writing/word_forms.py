# ruff: noqa: RUF001, RUF002 - marks of other scripts are meant
"""Whether a text has a word in one of its forms: ``ran`` for ``run``, ``mice`` for ``mouse``.

Of English, and where no language is named, the forms are told by rules and a table. Of other languages a
word counts that begins with the one that is looked for; where a language has no spaces, the word itself must
occur.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from filtering.text.near_duplicates import WORD

ENGLISH = "en"
BETWEEN = 3
"""Words that may stand between those of one name: ``pick up`` is in "picked the red ball up"."""
LEAST_STEM = 3
"""Letters that a word of another language has at least whose beginnings count."""
VOWELS = "aeiou"
IRREGULAR = """
be am is are was were been being; have has had having; do does did done; go goes went gone; say said;
make made; get got gotten; see saw seen; know knew known; take took taken; come came; think thought;
give gave given; find found; tell told; feel felt; leave left; keep kept; begin began begun; show shown;
hear heard; run ran; bring brought; write wrote written; sit sat; stand stood; lose lost; pay paid; meet met;
build built; speak spoke spoken; lead led; grow grew grown; fall fell fallen; send sent; win won;
teach taught; catch caught; buy bought; wake woke woken; sleep slept; eat ate eaten; drink drank drunk;
sing sang sung; swim swam swum; ring rang rung; throw threw thrown; fly flew flown; flies flying;
draw drew drawn; blow blew blown; drive drove driven; ride rode ridden; rise rose risen; break broke broken;
steal stole stolen; choose chose chosen; freeze froze frozen; forget forgot forgotten; hide hid hidden;
bite bit bitten; tear tore torn; wear wore worn; hold held; sell sold; feed fed; bleed bled; shoot shot;
fight fought; seek sought; spend spent; lend lent; bend bent; shine shone; stick stuck; dig dug; hang hung;
swing swung; spin spun; sting stung; strike struck; slide slid; light lit; creep crept; sweep swept;
weep wept; kneel knelt; dream dreamt; burn burnt; spill spilt; smell smelt; spell spelt; learn learnt;
leap leapt; lean leant; shake shook shaken; wake woke; understand understood; become became; sink sank sunk;
shrink shrank shrunk; stink stank stunk; spring sprang sprung; spit spat; lie lay lain lying; lay laid;
die dying; tie tying; sew sewn; mow mown; saw sawn; swell swollen; bind bound; wind wound; grind ground;
deal dealt; mean meant; shear shorn; bear bore born; swear swore sworn; lie lied; see seeing; free freeing;
good better best; bad worse worst; far farther further; little less least; many more most; well better;
man men; woman women; child children; person people; foot feet; tooth teeth; goose geese; mouse mice;
ox oxen; leaf leaves; knife knives; wife wives; life lives; wolf wolves; half halves; shelf shelves;
loaf loaves; thief thieves; calf calves; scarf scarves; elf elves; hoof hooves; die dice; cactus cacti;
fireman firemen; policeman policemen; snowman snowmen; fisherman fishermen; grandchild grandchildren;
dormouse dormice; hippopotamus hippopotami; octopus octopi; bus buses busses; gas gases; quiz quizzes
"""


def _table(lines: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for entry in lines.split(";"):
        word, *forms = entry.split()
        found[word] = found.get(word, frozenset()) | set(forms)
    return found


FORMS = _table(IRREGULAR)


@lru_cache(1 << 14)
def forms_of(word: str) -> frozenset[str]:
    """Return the forms of an English word, itself too; some of them may be no words.

    Examples
    --------
    >>> sorted(forms_of("hop") & {"hops", "hopped", "hopping", "hope"})
    ['hopped', 'hopping', 'hops']
    >>> "ponies" in forms_of("pony"), "happily" in forms_of("happy"), "ran" in forms_of("run")
    (True, True, True)
    """
    stems = {word}
    if word.endswith("e"):
        stems.add(word[:-1])
    if word.endswith("le"):
        stems.add(word[:-2])  # gentle, gently
    if len(word) > 2 and word[-1] not in VOWELS + "wxy" and word[-2] in VOWELS:
        stems.add(word + word[-1])
    if word.endswith("y") and len(word) > 2 and word[-2] not in VOWELS:
        stems.add(word[:-1] + "i")
    if word.endswith("ic"):
        stems.add(word + "k")  # picnic, picnicked
    endings = ("s", "es", "ed", "d", "ing", "er", "r", "est", "st", "ly", "y")
    made = {stem + ending for stem in stems for ending in endings}
    irregular = FORMS.get(word, frozenset())
    return frozenset({word, *made, *irregular, *(form + "s" for form in irregular)})


def has_word(words: Sequence[str], name: str, language: str) -> bool:
    """Tell whether a text has a name, which may be several words, in any of its forms.

    Parameters
    ----------
    words : sequence of str
        Of the text, as `words_of` returns them.
    name : str
        A name without a word is in every text.
    language : str
        ISO 639 code; empty where it may be any.

    Examples
    --------
    >>> words = words_of("The mice picked the red ball up.")
    >>> [has_word(words, name, "en") for name in ("mouse", "pick up", "up ball", "bal")]
    [True, True, False, False]
    """
    steps = words_of(name)
    if len(steps) == 1 and steps[0] in words:
        return True  # mostly, and the rest takes far longer
    return not steps or any(_follows(words, at, steps, language) for at in range(len(words)))


def _follows(words: Sequence[str], at: int, steps: Sequence[str], language: str) -> bool:
    """Tell whether the words of a name stand one after the other, from a place on."""
    if not _is_form(words[at], steps[0], language):
        return False
    for step in steps[1:]:
        later = range(at + 1, min(at + 2 + BETWEEN, len(words)))
        found = next((place for place in later if _is_form(words[place], step, language)), None)
        if found is None:
            return False
        at = found
    return True


def _is_form(word: str, of: str, language: str) -> bool:
    if word == of:
        return True
    if language in ("", ENGLISH) and of.isascii() and word in forms_of(of):
        return True
    return language not in ("", ENGLISH) and len(of) >= LEAST_STEM and word.startswith(of)


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without the ``'s`` of who owns something.

    Examples
    --------
    >>> words_of("Tom's dog DIDN’T bark.")
    ['tom', 'dog', 'didn', 't', 'bark']
    """
    return WORD.findall(re.sub(r"['’]s\b", "", text.lower()))
