"""Questions to a language model: what is asked, of whom, how fast, for how much money, and what came back.

Here: what a question looks like (`question_form.py`), rubrics and their prompts, the `Annotator` protocol and
the files that talk to endpoints, the journal of paid replies, prices (`prices.py`) and the budget
(`budget.py`), the loop that asks (`question_loop.py`), how often it asks again (`settings.py`), and documents
with planted orders (canaries).
Not here: which documents are asked about (`samples/`), what becomes of the ratings (`labels/`), and questions
for texts (`writing/`).
To ask another kind of endpoint, write a class with the methods of `Annotator` beside `chat_api.py`; to ask
another kind of question, one with those of `QuestionForm`. To add a rubric, add a TOML file to
`annotations/rubrics/`.
"""
