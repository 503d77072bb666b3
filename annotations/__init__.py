"""Labels from a language model: rubrics, samples, questions and answers. It reads no dumps.

From the top floor down, each room may import what stands below it:

- `labels/`: labels in files and tables, the languages of code in them, and how far raters agree.
- `asking/`: rubrics, prompts, endpoints, the journal of paid replies, the budget, planted orders.
- `samples/`: which documents to label.

`rubrics/` holds the rubrics, which are TOML. The verbs that read dumps and write folders stand in
`pipelines/labels/`. To add a rubric, add a file to `rubrics/`.
"""

from annotations.asking.annotator import Annotator, Rater, Reply
from annotations.asking.budget import Price
from annotations.asking.rubric import Rubric, load_rubric
from annotations.labels.labels import Labels, read_labels

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
