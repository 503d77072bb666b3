"""Labels from a language model: rubrics, samples, questions and answers. It reads no dumps."""

from annotations.annotator import Annotator, Rater, Reply
from annotations.budget import Price
from annotations.labels import Labels, read_labels
from annotations.rubric import Rubric, load_rubric

__all__ = [
    "Annotator",
    "Labels",
    "Price",
    "Rater",
    "Reply",
    "Rubric",
    "load_rubric",
    "read_labels",
]
