"""Looks for tasks in prose: anchors tell where a part may stand, its words in order tell whether it does.

Compiled, one pass over the words of each document. Two anchors of a part that stand as far from each other
as in the part make a place; of a short question one anchor does. There, the part is found if enough of its
letters stand in its order. Of a short question more of them must, with all its numbers, and its right answer
near.
"""

from dataclasses import dataclass

import numpy as np

from filtering.arrays import Bools, Bytes, Floats, Hashes, Ints, Ints32
from filtering.compiled import compiled
from filtering.hashing import U_6, Table, filter_bit, look_up
from filtering.leaks.candidate_places import Documents
from filtering.leaks.prose_index import ANCHOR_WORDS, LONG_WORDS, ProseIndex
from filtering.leaks.prose_words import read_words
from filtering.leaks.token_runs import U_BASE
from filtering.prefetch import prefetch_row

ANSWER_SHARE = 0.65
"""Of the letters of a long answer that must stand in its order near a question."""
NEAR_BEFORE, NEAR_AFTER = 30, 100
"""Words about a question among which its answer is looked for."""
BLOCK_WORDS = 1 << 15
"""Of a document that are held at once."""
EDGE_WORDS = 256
"""Of a block that the next one has too, twice: what stands about a place is in one block."""
FOUND_ROWS = 1 << 12
FOUND_IN, BEGUN_IN, BEGUN_AT, TRIED_AT, TRIES = 0, 1, 2, 3, 4
"""Columns of what has been seen of each part."""
AHEAD = 16
"""Runs of words whose place in the table is asked for before they are looked up."""
NOWHERE = -(1 << 30)
MOST_TRIES, MOST_SHORT_TRIES = 50, 1000
"""Places of a document at which a part is compared: what repeats its anchors without end takes no longer. One
anchor of a short question may stand in many places."""


@dataclass(frozen=True)
class ProseHit:
    """A place of a part in a document.

    Parameters
    ----------
    row, part : int
    start, stop : int
        Bytes of the document.
    share : float
        Of the part's letters, in (0, 1].
    has_answer : bool
        Whether the right answer stands near.
    """

    row: int
    part: int
    start: int
    stop: int
    share: float
    has_answer: bool


def find_prose(
    index: ProseIndex, documents: Documents, long_share: float, short_share: float
) -> list[ProseHit]:
    """Return where documents have so much of a part's letters in its order: each part once a document."""
    anchors, words, answers = index.anchors, index.words, index.answers
    # In scripts without spaces rules and forms differ by fewer letters than that: all must stand there.
    of_short = np.where(index.are_spaced, short_share, 1.0)
    wanted_shares = np.where(index.is_short, of_short, long_share)
    parts = len(index.names)
    seen = np.full((parts, 5), -1, dtype=np.int32)
    found, shares = np.empty((parts + FOUND_ROWS, 5), dtype=np.int64), np.empty(parts + FOUND_ROWS)
    hits: list[ProseHit] = []
    document = 0
    while document < len(documents.is_read):
        document, count = scan_prose(
            documents.data, documents.offsets, documents.is_read, document,
            anchors.table, anchors.rows,
            words.hashes, words.exact, words.letters, words.starts,
            answers.exact, answers.letters, answers.starts, index.is_short, wanted_shares,
            seen, found, shares,
        )  # fmt: skip
        for (row, part, start, stop, answer), share in zip(
            found[:count].tolist(), shares[:count].tolist(), strict=True
        ):
            hits.append(ProseHit(row, part, start, stop, share, bool(answer)))
    return hits


@compiled
def share_in_order(mine: Hashes, letters: Ints, theirs: Hashes, shift: int, slack: int) -> float:
    """Return the share of a part's letters whose words stand in its order among others, in [0, 1].

    The heaviest common subsequence (Wagner and Fischer 1974, with weights), of words that stand at most
    `slack` words from where they would stand if the part began at `shift`.
    """
    total = letters.sum()
    if total == 0:
        return 0.0
    best = np.zeros(len(theirs) + 1, dtype=np.int64)
    for at in range(len(mine)):
        first = max(at + shift - slack, 0)
        above = best[min(first, len(theirs))]
        for other in range(first, min(at + shift + slack + 1, len(theirs))):
            kept = best[other + 1]
            if mine[at] == theirs[other]:
                best[other + 1] = above + letters[at]
            if best[other] > best[other + 1]:
                best[other + 1] = best[other]
            if kept > best[other + 1]:
                best[other + 1] = kept
            above = kept
    return float(best[len(theirs)] / total)


@compiled
def stands_in(mine: Hashes, theirs: Hashes) -> bool:
    """Tell whether words stand among others, side by side."""
    for first in range(len(theirs) - len(mine) + 1):
        at = 0
        while at < len(mine) and theirs[first + at] == mine[at]:
            at += 1
        if at == len(mine):
            return True
    return False


@compiled
def has_numbers(mine: Hashes, letters: Ints, theirs: Hashes) -> bool:
    """Tell whether all numbers among words, which have no letters, stand among others as they are."""
    for at in range(len(mine)):
        if letters[at] == 0:
            other = 0
            while other < len(theirs) and theirs[other] != mine[at]:
                other += 1
            if other == len(theirs):
                return False
    return True


@compiled
def has_answer(answer: Hashes, letters: Ints, near: Hashes) -> bool:
    """Tell whether an answer stands among words: a short one as it is, of a long one most of its letters."""
    if len(answer) == 0:
        return False
    if len(answer) < LONG_WORDS:
        return bool(stands_in(answer, near))
    return bool(share_in_order(answer, letters, near, 0, len(near)) >= ANSWER_SHARE)


@compiled
def scan_prose(  # noqa: C901 - one pass
    data: Bytes, offsets: Ints, wanted: Bools, first: int,
    table: Table, rows: Ints32,
    hashes: Hashes, exact: Hashes, letters: Ints, starts: Ints,
    answers: Hashes, answer_letters: Ints, answer_starts: Ints, is_short: Bools, wanted_shares: Floats,
    seen: Ints32, found: Ints, shares: Floats,
) -> tuple[int, int]:  # fmt: skip
    """Find the parts of an index in documents.

    Parameters
    ----------
    data, offsets, wanted : arrays
        As `Documents` has them.
    first : int
        The document to begin with.
    table, rows
        `Anchors`.
    hashes, exact, letters, starts
        `Words` of the parts.
    answers, answer_letters, answer_starts
        Exact `Words` of their answers.
    is_short : bool array, shape (parts,)
    wanted_shares : float64 array, shape (parts,)
    seen : int32 array, shape (parts, 5)
        The document in which a part was found last; that of its last anchor, and where the part would begin
        there; where it was last compared in vain, and how often. -1, or of documents before `first`.
    found : int64 array, shape (rows, 5); shares : float64 array, shape (rows,)
        More than there are parts. Filled with document, part, first and last byte, and whether the answer
        is near; and shares.

    Returns
    -------
    int, int
        The document to go on with, n at the end: `found` might be full. And the rows written.
    """
    bits, slots, values = table
    mine, raw = np.empty(BLOCK_WORDS, dtype=np.uint64), np.empty(BLOCK_WORDS, dtype=np.uint64)
    begins, ends = np.empty(BLOCK_WORDS, dtype=np.int64), np.empty(BLOCK_WORDS, dtype=np.int64)
    runs = np.empty(BLOCK_WORDS, dtype=np.uint64)
    written = 0
    for document in range(first, len(wanted)):
        if not wanted[document]:
            continue
        if written + len(seen) > len(found):
            return document, written
        i, stop = offsets[document], offsets[document + 1]
        base = count = begin = 0
        is_last = False
        while not is_last:
            i, count = read_words(data, i, stop, mine, raw, begins, ends, count)
            is_last = count < BLOCK_WORDS
            end = count - ANCHOR_WORDS + 1 if is_last else count - EDGE_WORDS
            for at in range(begin, end):
                runs[at] = (mine[at] * U_BASE + mine[at + 1]) * U_BASE + mine[at + 2]
            for at in range(begin, end):
                if at + AHEAD < end:
                    prefetch_row(bits, int(filter_bit(runs[at + AHEAD], bits) >> U_6))
                row = look_up(runs[at], bits, slots, values) - 1
                if row < -1:
                    continue
                is_end = False
                while not is_end:
                    row += 1
                    part, size, is_end = rows[row, 0], rows[row, 2], rows[row, 3] != 0
                    if seen[part, FOUND_IN] == document:
                        continue
                    place = at - rows[row, 1]
                    slack = size // 4 + 3
                    if seen[part, BEGUN_IN] != document:
                        seen[part, BEGUN_IN], seen[part, TRIES] = document, 0
                        seen[part, BEGUN_AT] = seen[part, TRIED_AT] = NOWHERE
                    most = MOST_SHORT_TRIES if is_short[part] else MOST_TRIES
                    if abs(base + place - seen[part, TRIED_AT]) <= 1 or seen[part, TRIES] == most:
                        continue
                    if not is_short[part] and abs(base + place - seen[part, BEGUN_AT]) > slack:
                        seen[part, BEGUN_AT] = base + place
                        continue
                    seen[part, TRIED_AT] = base + place
                    seen[part, TRIES] += 1
                    a, b = starts[part], starts[part + 1]
                    low, high = max(place - slack, 0), min(place + size + slack, count)
                    share = share_in_order(hashes[a:b], letters[a:b], mine[low:high], place - low, slack)
                    if share < wanted_shares[part]:
                        continue
                    if is_short[part] and not has_numbers(exact[a:b], letters[a:b], raw[low:high]):
                        continue
                    low, high = max(place - NEAR_BEFORE, 0), min(place + size + NEAR_AFTER, count)
                    c, d = answer_starts[part], answer_starts[part + 1]
                    answer, weights = answers[c:d], answer_letters[c:d]
                    if stands_in(answer, exact[a:b]):  # then the question has it whether or not it is told
                        first, last = max(place, 0), min(place + size, count)
                        near = has_answer(answer, weights, raw[low:first]) or has_answer(
                            answer, weights, raw[last:high]
                        )
                    else:
                        near = has_answer(answer, weights, raw[low:high])
                    if is_short[part] and not near:
                        continue
                    seen[part, FOUND_IN] = document
                    found[written, 0], found[written, 1] = document, part
                    found[written, 2] = begins[max(place, 0)] - offsets[document]
                    found[written, 3] = ends[min(place + size, count) - 1] - offsets[document]
                    found[written, 4] = near
                    shares[written] = share
                    written += 1
            if not is_last:
                kept = count - 2 * EDGE_WORDS
                for at in range(kept, count):
                    mine[at - kept], raw[at - kept] = mine[at], raw[at]
                    begins[at - kept], ends[at - kept] = begins[at], ends[at]
                base, count, begin = base + kept, 2 * EDGE_WORDS, EDGE_WORDS
    return len(wanted), written
