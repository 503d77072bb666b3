"""A model that labels documents by how much of them teaches."""

import re

from tests.kit.dumps.small import SELLING, TEACHING
from tests.kit.scripted.server import completion


def document_of(request):
    """Return the text between the delimiters of a request."""
    content = request.body["messages"][1]["content"]
    whole = content if isinstance(content, str) else "\n".join(part["text"] for part in content)
    return re.search(r"lines that say (\w{16})\.\s*\1\n(.*)\n\1", whole, re.DOTALL).group(2)


def judge(request):
    """Answer with how large the teaching share of a document is, for each dimension of the rubric."""
    document = document_of(request)
    teaching = sum(document.count(sentence) for sentence in TEACHING)
    share = teaching / max(teaching + sum(document.count(sentence) for sentence in SELLING), 1)
    properties = request.body["response_format"]["json_schema"]["schema"]["properties"]
    scores = {name: round(5 * share) for name in properties if name != "reason"}
    return completion({"reason": f"{share:.2f} of it teaches.", **scores})
