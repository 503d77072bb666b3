"""Tells where labels follow another rubric than the labels that a scorer was trained on."""

from annotations.asking.prompt import rubric_digest
from annotations.labels.label_rubric import rubric_of
from pipelines.progress import Reporter
from pipelines.scorer_rubric import rubric_of_scorer


def tell_other_rubric(scorer: str, labels: object, reporter: Reporter) -> None:
    """Warn of labels by another rubric than a scorer was trained by, where both say which it is.

    Parameters
    ----------
    scorer : str
        Name or folder.
    labels : str or datasets.Dataset
        As in `TrainConfig`.
    reporter : Reporter
    """
    of_labels = rubric_of(labels)
    if of_labels is None:
        return
    own = rubric_of_scorer(scorer)
    if own is not None and rubric_digest(own) != rubric_digest(of_labels):
        reporter.say(
            f"Warning: these labels follow the rubric {of_labels.name!r}, and {scorer!r} was trained by "
            "another. Points of one mean something else than those of another."
        )
