"""Labels from a language model: rubrics, samples, questions and answers. It reads no dumps.

Each room may import the rooms below it in this list:

- `labels/`: labels in files and tables, the languages of code in them, and how far raters agree.
- `writing/`: recipes for texts that a model writes, checks of these, and how different they are.
- `asking/`: rubrics, prompts, endpoints, the journal of paid replies, the budget, planted orders.
- `samples/`: which documents to label.

`rubrics/` holds the rubrics and `recipes/` the recipes, which are TOML. To add one, add a file there. The
verbs that read dumps and write folders are in `pipelines/labels/` and `pipelines/writing/`.
"""

from typing import TYPE_CHECKING

from filtering.late_names import late_names

if TYPE_CHECKING:  # by their own names, which is how type checkers are told that these are public
    from annotations.asking.annotator import Annotator as Annotator
    from annotations.asking.annotator import Reply as Reply
    from annotations.asking.prices import Price as Price
    from annotations.asking.rubric import Rubric as Rubric
    from annotations.asking.rubric import load_rubric as load_rubric
    from annotations.asking.settings import Rater as Rater
    from annotations.labels.labels import Labels as Labels
    from annotations.labels.labels import read_labels as read_labels
    from annotations.writing.recipe import Recipe as Recipe
    from annotations.writing.recipe import load_recipe as load_recipe

_names, __getattr__ = late_names(
    __name__,
    {
        "asking.annotator": ("Annotator", "Reply"),
        "asking.rubric": ("Rubric", "load_rubric"),
        "asking.prices": ("Price",),
        "asking.settings": ("Rater",),
        "labels.labels": ("Labels", "read_labels"),
        "writing.recipe": ("Recipe", "load_recipe"),
    },
)
__all__ = sorted(_names)
