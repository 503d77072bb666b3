"""What a judged scorer's figures by code language say, in sentences."""

from annotations.labels import MIN_GROUPS
from pipelines.code_slices import CODE_LANGUAGE
from pipelines.evaluate import SLICE_ROWS, Evaluation, Slice


def code_languages(evaluation: Evaluation) -> list[Slice]:
    """Return the code languages with enough labels, the worst first; none where labels are of no code."""
    return [one for one in evaluation.slices if one.column == CODE_LANGUAGE]


def language_notes(evaluation: Evaluation) -> list[str]:
    """Name the worst code language, and those with too few labels; nothing where labels are of no code."""
    judged, notes = code_languages(evaluation), []
    if judged:
        worst = judged[0]
        notes.append(
            f"The worst code language is {worst.value}: rho {worst.metrics['rho']}, AUC at 3 "
            f"{worst.metrics['auc_at_3']} on {worst.rows:,} labels."
        )
    narrow = [f"{one.value} ({one.groups})" for one in judged if one.groups < MIN_GROUPS]
    if narrow:
        notes.append(
            f"Fewer than {MIN_GROUPS} groups, so that intervals are narrower than they should be: "
            f"{', '.join(narrow)}."
        )
    if evaluation.few:
        few = [f"{one.value} {one.rows}, {one.groups}, {_width(one)}" for one in evaluation.few]
        notes.append(
            f"Fewer than {SLICE_ROWS} labels, too few to judge a language apart (labels, groups, how wide "
            f"the 95 % interval of rho would be): {'; '.join(few)}."
        )
    return notes


def _width(few: Slice) -> str:
    wide = few.metrics["rho"].high - few.metrics["rho"].low
    return f"{wide:.2f}" if few.groups > 1 and wide == wide else "not defined"
