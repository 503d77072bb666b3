# ruff: noqa: E501, RUF001 - patterns stay on one line where they can, and marks of other scripts are meant
"""Where a model speaks of itself or of its task instead of doing it, and what it says around a text.

Each pattern names who speaks: ``As an AI, I`` is talk, and ``an AI`` is a subject that a text may have. What
stands in quotation marks is said by somebody else. Patterns are of English and, for refusals and for models
that say what they are, of a few more languages.
"""

import re

BEGINNING_CHARS = 300
"""Of a text, where a refusal stands: whoever writes a page first does not refuse it."""
QUOTED = re.compile(
    r'"[^"\n]{1,500}"|“[^”\n]{1,500}”|„[^“”\n]{1,500}[“”]|«[^»\n]{1,500}»|「[^」\n]{1,500}」|`[^`\n]{1,500}`'
    r"|(?<!\w)['‘](?=[A-Z])[^'’\n]{1,300}(?:['’](?=\w)[^'’\n]{0,300})*['’](?!\w)|^[ \t]*>.*$",
    re.MULTILINE,
)
"""Speech, quotations, and words that are mentioned."""
_TEXT = (
    r"(?:stor(?:y|ies)|texts?|content|sections?|lessons?|chapters?|exercises?|functions?|code|solutions?|"
    r"responses?|answers?|passages?|articles?|essays?|examples?|textbooks?|tutorials?|explanations?|posts?|"
    r"dialogues?|letters?|tales?|versions?|rewrit\w+|drafts?|paragraphs?|materials?|requests?|prompts?|"
    r"tasks?|instructions?|information|outputs?)"
)
_WRITING_WORDS = "write|create|generate|provide|produce|compose|fulfil+|complete|rewrite|continue|share"
_WRITE = f"(?:{_WRITING_WORDS})"
_WRITE_THAT = "(?:write|create|generate|provide|produce|fulfil+) (?:that|this|it|those)"
_CANNOT = (
    r"(?:can(?:no|')t|can not|am (?:unable|not able) to|'m (?:unable|not able) to|won't|will not|"
    r"(?:do not|don't) feel comfortable|(?:am|'m) not comfortable|(?:am|'m) not going to|"
    r"(?:do not|don't) have the (?:ability|capability) to|(?:'d|would) (?:prefer|rather) not(?: to)?)"
    r"(?: be able to| in good conscience| ethically| currently)?"
)
_THIS = r"(?:this|that|your|such|these|those)"
REFUSALS = re.compile(
    r"\A\W*(?:"
    rf"[^.!?\n]{{0,120}}\b(?:i|we) ?{_CANNOT} (?:"
    rf"(?:assist|comply)\b|help(?: you)? (?:with|on) (?:{_THIS}|creating|writing|generating)\b"
    rf"|{_WRITE}\b[^.!?\n]{{0,60}}?\b{_TEXT}\b|{_WRITE_THAT}(?:[.!,;]|\s*\Z)"
    rf"|engage (?:in|with) {_THIS}\b|(?:writing|creating|generating|providing) {_THIS}\b)"
    rf"|[^.!?\n]{{0,80}}\bi (?:must|have to|need to|will)(?: respectfully| politely)? decline\b"
    r"|[^.!?\n]{0,60}\b(?:sorry|afraid)\b[^.!?\n]{0,60}\bi ?(?:can't|cannot) (?:do|help with) (?:that|this)\b"
    rf"|(?:unfortunately,? )?{_THIS} (?:request|prompt|topic|content)[^.!?\n]{{0,40}}"
    r"(?:violates|goes against|is against|cannot be (?:completed|fulfil+ed)|is not something i can|"
    r"(?:has been|was) (?:blocked|flagged|rejected|declined))"
    r"|it (?:would not be|wouldn't be|is not|isn't) (?:appropriate|ethical|responsible|possible) for me to\b"
    r"|(?:lo siento|lamento)[^.!?\n]{0,60}\bno (?:puedo|podré)\b"
    r"|(?:lamento|desculpe|sinto muito|peço desculpa)[^.!?\n]{0,60}\bnão (?:posso|consigo)\b"
    r"|(?:mi dispiace|spiacente)[^.!?\n]{0,60}\bnon posso\b"
    r"|(?:je suis |vraiment )*désolée?[^.!?\n]{0,60}\bje ne (?:peux|suis)\b"
    r"|(?:es )?tut mir leid[^.!?\n]{0,40}\b(?:ich kann|kann ich)\b[^.!?\n]{0,120}\b(?:nicht|kein\w*|helfen)\b"
    r"|(?:entschuldigung|leider|sorry)[^.!?\n]{0,60}\b(?:ich kann|kann ich)\b[^.!?\n]{0,120}\b(?:helfen|schreiben|"
    r"erstellen|erfüllen|beantworten)\b"
    r"|(?:извините|к сожалению|простите)[^.!?\n]{0,40}\bя не могу\b"
    r"|(?:很?抱歉|对不起|對不起)[^。！？\n]{0,20}(?:不能|无法|無法)"
    r"|(?:申し訳(?:ありません|ございません)|すみません|ごめんなさい)[^。！？\n]{0,60}(?:できません|お手伝い)"
    r"|죄송(?:합니다|하지만)[^.!?\n]{0,60}(?:없습니다|어렵습니다)"
    r")"
)
"""At the beginning of a text in small letters: that somebody will not write it."""
_AI = r"(?:a\.?i\.?|artificial intelligence)"
_MODEL = rf"(?:(?:large )?{_AI}(?: language)?(?: model| assistant| system)?|(?:large )?language model)"
MODEL_TALK = re.compile(
    rf"\bas an? {_MODEL}(?: (?:trained|developed|created) by \w+)?,? (?:i\b|my\b|it is not (?:possible|appropriate) for me)"
    rf"|\bi(?: am|'m) (?:just |only |simply )?an? {_MODEL}(?:[,.;!]| and | trained | designed | created | developed | without )"
    r"|\bi (?:was|am|have been) (?:trained|developed|created|made|built) by (?:openai|anthropic|google|meta|deepseek|"
    r"alibaba|mistral|microsoft)\b"
    r"|\bmy (?:training data|knowledge cut-?off|last (?:training|knowledge) update)\b"
    r"|\bi(?: am|'m) (?:chatgpt|gpt-?\d|deepseek)\b"
    r"|\bals (?:eine? )?(?:ki|künstliche intelligenz|(?:großes |ki-)?sprachmodell|ki-(?:modell|assistent))[ ,]+"
    r"(?:kann|habe|bin|verfüge|darf) ich\b"
    r"|\ben tant qu(?:e |')(?:une? )?(?:ia|intelligence artificielle|modèle de langage|assistant ia)\b[^.\n]{0,40}\bje\b"
    r"|\bcomo (?:una? |um |uma )?(?:ia|inteligencia artificial|inteligência artificial|modelo de (?:lenguaje|linguagem))"
    r"[^.\n]{0,30}, (?:no|não|yo|eu) "
    r"|\bcome (?:un')?(?:ia|intelligenza artificiale|modello linguistico)[^.\n]{0,30}, (?:non|io) "
    r"|作为(?:一个|一名|一款)?(?:ai|人工智能|大?语言模型)[^。\n]{0,12}[,，]?我"
    r"|(?:ai|人工知能|言語モデル)(?:アシスタント)?である私"
)
"""In small letters: that a model speaks of itself."""
_YOU_ASKED = r"you (?:have |had |'ve )?(?:requested|provided|asked for|gave(?: me)?|specified)"
_YOUR_WISH = r"your (?:request|prompt|instructions?|requirements?|criteria)"
TASK_TALK = re.compile(
    r"\b(?:per|following|according to|based on|as requested in) your (?:request|prompt)\b"
    r"|\bas (?:requested|instructed|specified) (?:in|by) the (?:prompt|request)\b|\bas requested, (?:here|this is|i)\b"
    r"|\A\W*(?:okay|ok|alright|hmm|so|well)[,.]? (?:so )?the user\b|\bthe user (?:wants|asked|has asked) me to\b"
    r"|\A\W*here(?:'s| is| are)\b[^.!?\n]{0,80}\b(?:the (?:three |required |given )?words|for you|as requested|"
    r"you (?:asked|requested|wanted)|based on your)\b"
    r"|\bi(?:'ve| have)? (?:made sure|was careful) to (?:include|use|incorporate)\b"
    rf"|\b(?:this|the|my) (?:short )?{_TEXT} (?:above |below )?(?:uses|includes|contains|incorporates|features|meets|"
    rf"follows|fulfils|fulfills|satisfies) [^.!?\n]{{0,60}}(?:{_YOUR_WISH}|"
    r"the (?:(?:three|required|requested|given|specified|provided) )+(?:words?|features?|elements?))\b"
    rf"|\bthe (?:(?:three|required|given) )*(?:words?|story|text|lesson|version|exercise|passage) (?:that )?{_YOU_ASKED}\b"
    rf"|\bi hope (?:this|the|that) {_TEXT} (?:meets|is what you|fits|satisfies)\b"
    r"|\blet me know if (?:you(?:'d| would)? (?:like|want|need) (?:me to|any (?:changes?|modifications?|"
    r"adjustments?|revisions?))|[^.!?\n]{0,30}\b(?:changes are needed|meets your))\b"
    rf"|\bwould you like me to (?:{_WRITING_WORDS}|add|change|expand|revise|adjust)\b"
    r"|\bi(?:'ve| have|'ll| will) (?:now )?(?:written|used|included|incorporated|rewritten|avoided|write|use|include)\b"
    rf"[^.!?\n]{{0,80}}(?:{_YOU_ASKED}|{_YOUR_WISH}|the prompt|the (?:three|required|given) words)\b"
    r"|^(?:[^\w\n]|_){0,20}(?:word count|total words|words used|note to (?:the )?user)(?:[^\w\n]|_){0,20}:"
    r"|\[insert [^\]\n]{2,60}\]"
    r"|\A\W*(?:sure|certainly|absolutely|of course|okay|understood|got it)\b[!.,:]+ (?:"
    rf"(?:here(?:'s| is| are)|below is)\b[^.!?\n]{{0,60}}\b{_TEXT}\b"
    rf"|(?:i'll|i will|let me|let's) {_WRITE}\b|i(?:'ve| have) (?:written|created|rewritten)\b)",
    re.MULTILINE,
)
"""In small letters: that somebody speaks of what was asked of them."""
_TEXT_NAMED = r"[^.!?\n]{0,120}\b" + _TEXT + r"\b[^.!?\n]{0,120}"
PREAMBLE = re.compile(
    r"\A\W*(?:"
    r"here you go[:!.]*|(?:great|perfect|alright)[!.,:]+ here(?:'s| is| are)\b[^\n]{0,240}[:.!]"
    r"|(?:sure|certainly|absolutely|of course|okay|understood|got it)"
    r"(?: thing)?[!.,:]*(?: (?:i'd be (?:happy|glad|delighted) to|i can (?:do|help with) that)[^.!?\n]{0,60}[.!])?"
    r"(?: (?:here(?:'s| is| are)|below is|this is|i(?:'ve| have) (?:written|created|prepared))[^\n]{0,240}[:.!])?"
    r"|(?:here(?:'s| is| are)|below (?:is|you(?:'ll| will) find)|the following is)" + _TEXT_NAMED + r":"
    r"|(?:[*_#]+ ?)?(?:short )?(?:story|text|answer|response|output|lesson|rewritten (?:text|version|lesson))(?: ?[*_]+)?:(?: ?[*_]+)?"
    r")\W*\Z"
)
"""The whole of a first line, in small letters, which says what follows."""
CLOSING = re.compile(
    r"\A\W*(?:"
    r"i hope (?:this|you|that|the)\b[^\n]{0,200}\b(?:"
    + _TEXT
    + r"|helps|helpful|enjoy\w*|useful|meets)\b[^\n]{0,200}"
    r"|(?:please )?(?:feel free to|don't hesitate to|let me know)\b[^\n]{0,40}\b(?:ask|adjust|modify|adapt|know|reach|if|customi[sz]e)\b"
    r"[^\n]{0,200}"
    r"|(?:if you (?:have|need|want|would like|'d like)|if you'd like)\b[^\n]{0,200}\b(?:let me know|feel free|just ask|please ask)\b"
    r"[^\n]{0,100}"
    r"|would you like (?:me to|another|to (?:hear|read|see)|more)\b[^\n]{0,200}"
    rf"|(?:note:? ?)?(?:this|the) (?:short )?{_TEXT} (?:uses|includes|contains|incorporates|features) "
    r"[^\n]{0,60}\b(?:words?|nouns?|verbs?|adjectives?|features?)\b[^\n]{0,120}"
    rf"|end of (?:the )?{_TEXT}"
    r"|is there anything else\b[^\n]{0,200}"
    r"|\(?(?:word count|total words)\W*[~\d][\d,]*(?: words)?\)?"
    r")\W*\Z"
)
"""The whole of a last line, in small letters, which is said to whoever asked."""
RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*")
"""A line across the page, as models put it between their words and the text."""


def plain(text: str) -> str:
    """Return a text in small letters, with straight apostrophes: as the patterns of this file read it."""
    return text.lower().replace("’", "'")


def is_refusal(text: str) -> bool:
    """Tell whether a text begins with the words of somebody who will not write it.

    Examples
    --------
    >>> is_refusal("I'm sorry, but I can't help with that request.")
    True
    >>> is_refusal("I cannot fly, said the hen."), is_refusal('"I can not write a story," said Mia.')
    (False, False)
    """
    return bool(REFUSALS.match(plain(_unquoted(text[: 2 * BEGINNING_CHARS]))[:BEGINNING_CHARS]))


def is_talk(text: str) -> bool:
    """Tell whether a text speaks of the model that writes it, or of what was asked of that.

    Examples
    --------
    >>> is_talk("As an AI language model, I have no pets.")
    True
    >>> is_talk("As an AI researcher, I ask what a language model is.")
    False
    >>> is_talk("The chatbot wrote “As an AI, I cannot know”.")
    False
    """
    said = plain(_unquoted(text))
    return bool(MODEL_TALK.search(said) or TASK_TALK.search(said))


def _unquoted(text: str) -> str:
    return QUOTED.sub(" ", text)


def without_talk(text: str) -> str:
    """Return a text without a first and a last line that are said to whoever asked.

    A line goes only as a whole, and only where more text is left.

    Examples
    --------
    >>> print(without_talk('''Sure! Here is a story for you:
    ...
    ... The hen ran.
    ...
    ... I hope this helps!'''))
    The hen ran.
    >>> without_talk("Here is the rule: a hen runs.")
    'Here is the rule: a hen runs.'
    """
    lines = _within_margins(text.split("\n"))
    if len(lines) > 1 and PREAMBLE.match(plain(lines[0])):
        lines = _within_margins(lines[1:])
    if len(lines) > 1 and CLOSING.match(plain(lines[-1])):
        lines = _within_margins(lines[:-1])
    return "\n".join(lines).strip()


def _within_margins(lines: list[str]) -> list[str]:
    """Return lines without those at both ends that are empty or a line across the page."""
    full = [at for at, line in enumerate(lines) if line.strip() and not RULE.fullmatch(line)]
    return lines[full[0] : full[-1] + 1] if full else []
