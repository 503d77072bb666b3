"""What kinds of signals there are, and what a person would say of a document that has much or little of one.

A phrase stands for the counts that its statistics have of a document, and for nothing else: "gives examples"
is said where words such as "example" and "instance" moved its score.
"""

from collections.abc import Mapping

from filtering.signals.style import CHARACTERS, OTHERS, WORD_GROUPS

WORDS, TEACHING, READER, SELLING = (
    "words",
    "words of teaching",
    "references to the reader",
    "selling and links",
)
CODE, SENTENCES, LAYOUT = "words of code and comments", "sentences", "layout"
PUNCTUATION, NUMBERS, LENGTH, COMBINED = "punctuation and symbols", "numbers", "length", "combined signals"

WHAT_COMBINES = (
    "what signals add that stand together, beyond what each of them adds alone: many numbers in short lines, "
    "say. They have no amount of their own."
)
"""Ends a sentence on the group `COMBINED`."""

_WORDS_BY_GROUP = {
    TEACHING: "reason example definition question learning sequence science",
    READER: "invitation we you i",
    SELLING: "shop legal web",
    CODE: "function class import return flow test todo self parameter access null print",
}
_OTHERS_BY_GROUP = {
    LENGTH: "log_lines log_words log_read_bytes log_text_bytes",
    SENTENCES: "stop_ends capital_start_share sentences_per_word sentence_words_mean "
    "sentence_words_deviation ellipses_percent",
    CODE: "comment_line_share comment_character_share comment_characters_mean comment_word_share "
    "first_comment_share last_comment_share doctest_share snake_share camel_share quoted_word_share "
    "triple_quotes_per_line",
    NUMBERS: "digit_start_share number_share digit_share",
    WORDS: "word_characters_mean word_characters_deviation word_characters_max distinct_word_share "
    "long_word_share single_letter_share capital_word_share shouted_share plain_word_share capital_share "
    "non_ascii_share entropy",
    PUNCTUATION: "punctuation_runs_percent",
}
GROUP_OF: Mapping[str, str] = {
    **{f"words_{name}": WORDS for name in WORD_GROUPS},
    **{f"words_{name}": group for group, names in _WORDS_BY_GROUP.items() for name in names.split()},
    **{f"char_{character}": PUNCTUATION for character in CHARACTERS},
    **dict.fromkeys(OTHERS, LAYOUT),
    **{name: group for group, names in _OTHERS_BY_GROUP.items() for name in names.split()},
}
"""The group of each statistic."""
STATISTIC_OF_WORD: Mapping[str, str] = {
    word: f"words_{name}" for name, words in WORD_GROUPS.items() for word in words.split()
}
"""Which statistic counts a word."""

TRAITS: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("words_definition",): ("defines terms", "few definitions"),
    ("words_example",): ("gives examples", "few examples"),
    ("words_reason",): ("gives reasons", "few reasons"),
    ("words_learning",): ("speaks of lessons and exercises", "few words of lessons"),
    ("words_sequence",): ("goes step by step", "few steps"),
    ("words_question",): ("asks what and how", "little of what and how"),
    ("words_science",): ("computes or proves", "little computation or proof"),
    ("words_invitation",): ("invites the reader to consider something", "few invitations to consider"),
    ("words_we",): ("speaks of 'we'", "little of 'we'"),
    ("words_you",): ("addresses the reader", "little address to the reader"),
    ("words_i",): ("speaks of its author", "little of its author"),
    ("words_modal",): ("says what can or should be", "little of what can or should be"),
    ("words_shop",): ("sells something or leads around a site", "little selling and navigation"),
    ("words_web",): ("has many links", "few links"),
    ("words_legal",): ("has legal text", "little legal text"),
    ("words_narrative",): ("tells a story", "little narration"),
    ("words_function",): ("defines functions", "few functions"),
    ("words_class",): ("defines classes", "few classes"),
    ("words_import",): ("imports much", "few imports"),
    ("words_return", "words_flow"): ("branches and returns", "little control flow"),
    ("words_test",): ("tests something", "few tests"),
    ("words_parameter",): ("documents parameters", "few documented parameters"),
    ("words_self", "words_access"): ("is written with objects", "few objects"),
    ("words_print",): ("prints much", "little printing"),
    ("comment_line_share", "comment_character_share", "comment_word_share", "first_comment_share",
     "last_comment_share", "comment_characters_mean"): ("has many comments", "few comments"),
    ("quoted_word_share", "triple_quotes_per_line", "doctest_share"): ("has docstrings", "few docstrings"),
    ("char_(", "char_)"): ("has many brackets", "few brackets"),
    ("char_?",): ("asks questions", "few question marks"),
    ("char_!",): ("exclaims", "few exclamation marks"),
    ("char_`",): ("has code in backticks", "little code in backticks"),
    ("char_=", "char_\\", "char_^", "char_$"): ("has formulas or assignments", "few formulas"),
    ('char_"', "char_'"): ("has many quotation marks", "few quotation marks"),
    ("digit_share", "number_share", "digit_start_share"): ("has many numbers", "few numbers"),
    ("bullet_share",): ("has many list items", "few list items"),
    ("hash_share", "char_#"): ("has lines that begin with #", "few lines that begin with #"),
    ("short_line_share",): ("has many short lines", "few short lines"),
    ("long_line_share", "line_characters_mean", "line_characters_max"): ("has long lines", "few long lines"),
    ("indented_share", "indent_mean", "indent_deviation"): ("is indented", "little indentation"),
    ("repeated_line_share",): ("repeats lines", "few repeated lines"),
    ("sentence_words_mean",): ("has long sentences", "short sentences"),
    ("stop_ends",): ("has many lines that end as sentences do", "few lines that end as sentences do"),
    ("shouted_share", "capital_share", "capital_word_share"): ("has many capitalised words",
     "few capitalised words"),
    ("long_word_share", "word_characters_mean"): ("uses long words", "short words"),
    ("distinct_word_share",): ("uses many different words", "few different words"),
    ("non_ascii_share",): ("has many letters beyond ASCII", "few letters beyond ASCII"),
    ("log_text_bytes", "log_read_bytes", "log_words", "log_lines"): ("is long", "little text"),
}  # fmt: skip
"""By statistics that are one trait: what is said where there is more of it than is usual, and where not."""
PROSE_ALONE = ("words_invitation", "words_question", "words_sequence", "words_narrative", "words_modal")
"""Statistics whose words are keywords in code: ``let``, ``when``, ``finally``."""
