"""What a proof found, as values: the command, the page and the JSON file show the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.proof.language_model import CurvePoint
from pipelines.proof.verdicts import Accuracy, Difference


@dataclass(frozen=True)
class ArmFacts:
    """What was drawn for an arm.

    Parameters
    ----------
    words : str
        Which documents.
    documents : int
        For the first seed.
    mean_score : float
        Of these, rubric points.
    repeats : float
        The most that a document comes.
    """

    words: str
    documents: int
    mean_score: float
    repeats: float


@dataclass(frozen=True)
class Proof:
    """What a proof found.

    Parameters
    ----------
    run, scorer : str
    size : str
    parameters : int
    seeds, passes : int
    arm_bytes : int
        Text of each arm.
    arms : mapping of str to ArmFacts
    removed : mapping of str to int
        Documents that were left out, by why.
    evaluations : mapping of str to (str, int, int)
        Kind, items that were measured, and items of the file.
    values : mapping of str to mapping
        Bits per byte of each evaluation and arm, the mean over seeds.
    differences, byte_differences : sequence of Difference
        Of each arm to `RANDOM`, by language models and by models of bytes.
    to_kept : sequence of Difference
        Of `STYLE` to `KEPT`, by language models.
    agreement : (int, int)
        Of how many differences that language models are sure of the model of bytes has the sign, and how many
        there are.
    slow_agreement : (int, int)
        The same of kept and random at a tenth of the learning rate.
    accuracies : mapping of str to Accuracy
        Of evaluations with choices where `RANDOM` is better than one who guesses.
    margins : mapping of str to mapping
        Mean margin of the right choice in bits per byte, by evaluation and arm.
    curves : mapping of str to sequence of CurvePoint
        Of the first seed's training, by arm.
    early : mapping of str to mapping
        Bits per byte at a quarter, at half and in the end, by evaluation and arm, of the items that were
        measured each time.
    lego : mapping of str to sequence of sequence of float
        Accuracy by place in the chain, the mean over seeds, each time that it was measured: by arm, and of
        `SCRATCH`. Empty where nothing was probed.
    prompts : sequence of str
    written : mapping of str to sequence of str
        What the first model of each arm writes after the prompts.
    """

    run: str
    scorer: str
    size: str
    parameters: int
    seeds: int
    passes: int
    arm_bytes: int
    arms: Mapping[str, ArmFacts]
    removed: Mapping[str, int]
    evaluations: Mapping[str, tuple[str, int, int]]
    values: Mapping[str, Mapping[str, float]]
    differences: Sequence[Difference]
    byte_differences: Sequence[Difference]
    to_kept: Sequence[Difference]
    agreement: tuple[int, int]
    slow_agreement: tuple[int, int]
    accuracies: Mapping[str, Accuracy]
    margins: Mapping[str, Mapping[str, float]]
    curves: Mapping[str, Sequence[CurvePoint]]
    early: Mapping[str, Mapping[str, Sequence[float]]]
    lego: Mapping[str, Sequence[Sequence[float]]]
    prompts: Sequence[str]
    written: Mapping[str, Sequence[str]]
