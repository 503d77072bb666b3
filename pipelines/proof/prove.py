"""Trains small language models on arms of a run, measures them, and says what may be said of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from filtering.errors import OutputError, SettingsError
from pipelines.progress import ConsoleReporter, Meter, Reporter, waiting
from pipelines.proof.arms import HELD_DOCUMENTS, ArmDrawer, Draw
from pipelines.proof.draws import Drawn, Source
from pipelines.proof.evaluation_leaks import EvaluationLeaks
from pipelines.proof.evaluation_texts import HELD_OUT, TEXT_BYTES, Evaluation, Item, read_evaluations
from pipelines.proof.language_model import SIZES, CurvePoint, check_libraries
from pipelines.proof.measuring import Measured
from pipelines.proof.plan_proof import (
    Pace,
    chosen_passes,
    find_pace,
    plan_in_words,
    wanted_bytes,
)
from pipelines.proof.proof_folder import BYTES_TIER, HALF, QUARTER, WHOLE, ProofFolder
from pipelines.proof.proof_result import ArmFacts, Proof
from pipelines.proof.tokens import learn_tokens, load_tokens
from pipelines.proof.training import (
    EARLY_ITEMS,
    LEGO_STEPS,
    SCRATCH,
    SLOW,
    Job,
    Training,
    probe_all,
    read_training,
    train_all,
)
from pipelines.proof.verdicts import (
    accuracy,
    agreeing,
    chance_of,
    differences,
    margins_of,
)
from pipelines.settings.proof import KEPT, RANDOM, STYLE, ProveConfig

PROMPTS, PROMPT_CHARS = 4, 200
"""That each model writes on after, and how much of a text that is."""
UNDECIDING = ("run", "out", "budget", "device", "samples", "probe", "evaluations")
"""Settings that decide nothing of the models, or are told by digests."""
TOKENIZER_BYTES = 20_000_000
"""Of text that tokens are learned from."""


def prove_run(config: ProveConfig, *, reporter: Reporter | None = None) -> Proof:
    """Train small language models on what a run kept, on random documents and more, and compare them.

    Parameters
    ----------
    config : ProveConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Returns
    -------
    Proof

    Raises
    ------
    OutputError
        If `config.run` is no finished run with scores, or `config.out` may not be used.
    SettingsError
        If an evaluation file cannot be used, there is too little text, or too little time.
    MissingExtraError
        If the extra ``prove`` is not installed.
    """
    reporter = reporter or ConsoleReporter()
    check_libraries()
    evaluations = read_evaluations(config.evaluations, config.items)
    source, against = Source(config.run), None if config.against is None else Source(config.against)
    _refuse_another_dump(source, against)
    digest = _digest(config, source, against, evaluations)
    folder = ProofFolder(Path(config.out))
    with folder.opened():
        plan = folder.read_plan()
        if plan is None:
            plan = _begin(config, folder, source, against, evaluations, digest, reporter)
        elif plan["digest"] != digest:
            raise OutputError(
                f"'{config.out}' holds a proof of another run, or with other settings. Choose another "
                "--out, or give the settings that it was begun with."
            )
        tokens, evaluations = load_tokens(folder.tokenizer), _with_held_out(folder, evaluations)
        jobs = [Job(arm.name, seed) for seed in range(config.seeds) for arm in config.all_arms]
        jobs += [Job(name, 0, SLOW) for name in (KEPT, RANDOM)]
        left = [job for job in jobs if not folder.measured(job.name).exists()]
        if left and len(left) < len(jobs):
            reporter.say(f"Going on: {len(jobs) - len(left)} of {len(jobs)} models are trained.")
        training = Training(
            config.size,
            config.device,
            plan["passes"],
            plan["steps"],
            config.seed,
            evaluations,
            plan["prompts"],
        )
        meter = Meter(len(jobs) * plan["steps"], (len(jobs) - len(left)) * plan["steps"], "steps")
        with reporter.track(meter):
            train_all(folder, left, training, tokens, meter)
        if config.probe is not None:
            _probe(config, folder, training, tokens.count, reporter)
        reporter.say("Comparing the arms ...")
        return _judge(config, folder, plan, evaluations, source.scorer)


def _probe(
    config: ProveConfig, folder: ProofFolder, training: Training, vocabulary: int, reporter: Reporter
) -> None:
    names = [f"{arm}-{seed + 1}" for seed in range(config.seeds) for arm in _probed_arms(config)]
    left = [name for name in names if not folder.probed(name).exists()]
    reporter.say(f"Training {len(left)} models for {LEGO_STEPS} steps more, to follow chains ...")
    meter = Meter(len(names) * LEGO_STEPS, (len(names) - len(left)) * LEGO_STEPS, "steps")
    with reporter.track(meter):
        probe_all(folder, left, training, vocabulary, meter)


def _probed_arms(config: ProveConfig) -> list[str]:
    return [*(arm.name for arm in config.all_arms), SCRATCH]


def estimate_proof(config: ProveConfig, *, reporter: Reporter | None = None) -> str:
    """Return in words what a proof would do, and how long it would take; nothing is written.

    Raises
    ------
    OutputError, SettingsError, MissingExtraError
        As `prove_run`.
    """
    reporter = reporter or ConsoleReporter()
    evaluations = read_evaluations(config.evaluations, config.items)
    source, against = Source(config.run), None if config.against is None else Source(config.against)
    _refuse_another_dump(source, against)
    pace, wanted, _, draw = _first_draw(config, source, against, evaluations, reporter)
    arm_bytes = int(min(wanted, draw.shortest[1]))
    passes = chosen_passes(config, wanted, arm_bytes)
    return plan_in_words(config, pace, arm_bytes, passes, arm_bytes / SIZES[config.size].token_bytes)


def _refuse_another_dump(source: Source, against: Source | None) -> None:
    """Refuse a run over another dump, whose documents would differ by more than what was kept."""
    if against is None:
        return
    ours, theirs = ({(part.relative, part.footer_sha256) for part in one.parts} for one in (source, against))
    if ours != theirs:
        raise SettingsError(
            f"--against must be a run over the same dump as {source.out}. That of {against.out} has "
            f"other files: "
            f"{len(ours ^ theirs):,} of them are in one alone."
        )


def _digest(
    config: ProveConfig, source: Source, against: Source | None, evaluations: Sequence[Evaluation]
) -> str:
    """Return what tells whether a folder holds this very proof: settings, runs and evaluation files."""
    facts = {
        "settings": config.model_dump(mode="json", exclude=set(UNDECIDING)),
        "run": source.plan.digest,
        "against": against.plan.digest if against else None,
        "evaluations": {
            one.name: hashlib.sha256(repr(one.items).encode()).hexdigest() for one in evaluations
        },
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _first_draw(
    config: ProveConfig,
    source: Source,
    against: Source | None,
    evaluations: Sequence[Evaluation],
    reporter: Reporter,
) -> tuple[Pace, int, ArmDrawer, Draw]:
    held_out_bytes = len(config.all_arms) * HELD_DOCUMENTS * TEXT_BYTES
    with waiting(reporter, f"timing a model of size {config.size}"):
        pace = find_pace(config, evaluations, held_out_bytes)
    wanted = wanted_bytes(config, pace)
    with waiting(reporter, f"drawing documents of {len(config.all_arms)} arms"):
        drawer = ArmDrawer(
            source, against, config.all_arms, EvaluationLeaks(evaluations), config.repeat_as_for
        )
        return pace, wanted, drawer, drawer.draw(wanted, config.seed)


def _begin(
    config: ProveConfig,
    folder: ProofFolder,
    source: Source,
    against: Source | None,
    evaluations: Sequence[Evaluation],
    digest: str,
    reporter: Reporter,
) -> dict[str, Any]:
    """Draw what all models read, learn the tokens, and write both down, the plan last."""
    pace, wanted, drawer, first = _first_draw(config, source, against, evaluations, reporter)
    draws = [first]
    for seed in range(1, config.seeds):
        with waiting(reporter, f"drawing documents anew for seed {seed + 1}"):
            draws.append(drawer.draw(wanted, config.seed + seed, first.held_out))
    arm_bytes = int(min(wanted, *(one.shortest[1] for one in draws)))
    passes = chosen_passes(config, wanted, arm_bytes)
    texts: dict[str, list[Drawn]] = {
        Job(name, seed).text_name: [one for piece in slices for one in piece.taken(arm_bytes)]
        for seed, draw in enumerate(draws)
        for name, slices in draw.arms.items()
    }
    size = SIZES[config.size]
    blocks = []
    with waiting(reporter, "learning tokens"):
        tokens = learn_tokens(_equal_parts(texts, config), size.vocabulary)
        tokens.save(folder.root)
        for name, documents in texts.items():
            folder.write_documents(folder.arm(name), [(name, one) for one in documents])
            blocks.append(len(tokens.blocks([one.text for one in documents], size.context)[0]))
    held_out = [(arm, one) for arm, some in first.held_out.documents.items() for one in some]
    folder.write_documents(folder.root / "held-out.parquet", held_out)
    plan = {
        "digest": digest,
        "arm_bytes": arm_bytes,
        "passes": passes,
        "steps": max(1, round(float(np.mean(blocks)) * passes / size.batch)),
        "removed": dict(first.removed),
        "arms": {arm.name: _facts(arm.words, first, arm.name, arm_bytes) for arm in config.all_arms},
        "prompts": _prompts(evaluations, held_out) if config.samples else [],
    }
    folder.write_json(folder.plan, plan)
    reporter.say(plan_in_words(config, pace, arm_bytes, passes, float(np.mean(blocks)) * size.context))
    return plan


def _facts(words: str, draw: Draw, name: str, arm_bytes: int) -> dict[str, Any]:
    taken = {one.place: one.score for piece in draw.arms[name] for one in piece.taken(arm_bytes)}
    return {
        "words": words,
        "documents": len(taken),
        "mean_score": float(np.mean(list(taken.values()))),
        "repeats": max(piece.repeats for piece in draw.arms[name]),
    }


def _equal_parts(texts: Mapping[str, Sequence[Drawn]], config: ProveConfig) -> list[str]:
    """Return texts of the first seed to learn tokens from: as much of each arm."""
    names = [Job(arm.name, 0).text_name for arm in config.all_arms]
    found = []
    for name in names:
        left = TOKENIZER_BYTES // len(names)
        for one in texts[name]:
            found.append(one.text)
            left -= len(one.text)
            if left <= 0:
                break
    return found


def _prompts(evaluations: Sequence[Evaluation], held_out: Sequence[tuple[str, Drawn]]) -> list[str]:
    """Return beginnings that each model writes on after: of evaluations, and of held-out documents."""
    given = [one.items[0].prompt[-PROMPT_CHARS:] for one in evaluations if one.items[0].prompt]
    begun = [one.text[:PROMPT_CHARS] for arm, one in held_out if arm in (KEPT, RANDOM)]
    return [*given[: PROMPTS // 2], *begun][:PROMPTS]


def _with_held_out(folder: ProofFolder, evaluations: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    by_arm: dict[str, list[Item]] = {}
    for arm, text in folder.read_texts(folder.root / "held-out.parquet"):
        by_arm.setdefault(arm, []).append(Item("", text.encode()[:TEXT_BYTES].decode(errors="ignore")))
    held_out = [
        Evaluation(f"{HELD_OUT}{arm}", tuple(items), "text", len(items)) for arm, items in by_arm.items()
    ]
    return (*evaluations, *held_out)


def _judge(
    config: ProveConfig,
    folder: ProofFolder,
    plan: Mapping[str, Any],
    evaluations: Sequence[Evaluation],
    scorer: str,
) -> Proof:
    arms = [arm.name for arm in config.all_arms]
    found = {arm: [folder.read_measured(Job(arm, seed).name) for seed in range(config.seeds)] for arm in arms}
    slow = {arm: [folder.read_measured(Job(arm, 0, SLOW).name)] for arm in (KEPT, RANDOM)}

    def by_evaluation(when: str, of: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, list[Measured]]]:
        return {
            one.name: {arm: [each[when][one.name] for each in models] for arm, models in of.items()}
            for one in evaluations
        }

    whole = by_evaluation(WHOLE, found)
    told, by_bytes = differences(whole, RANDOM), differences(by_evaluation(BYTES_TIER, found), RANDOM)
    at_slow = differences(by_evaluation(WHOLE, slow), RANDOM)
    styles = {name: {arm: of[arm] for arm in (STYLE, KEPT)} for name, of in whole.items()}
    choices = [one for one in evaluations if one.kind == "choices"]
    accuracies = {
        one.name: accuracy(whole[one.name], RANDOM, chance_of([1 + len(item.wrong) for item in one.items]))
        for one in choices
    }
    trained = {arm: read_training(folder, Job(arm, 0)) for arm in arms}
    size = SIZES[config.size]
    return Proof(
        run=config.run,
        scorer=scorer,
        size=config.size,
        parameters=size.parameters,
        seeds=config.seeds,
        passes=plan["passes"],
        arm_bytes=plan["arm_bytes"],
        arms={name: ArmFacts(**facts) for name, facts in plan["arms"].items()},
        removed=plan["removed"],
        evaluations={one.name: (one.kind, len(one.items), one.of) for one in evaluations},
        values={name: {arm: _mean(models) for arm, models in of.items()} for name, of in whole.items()},
        differences=told,
        byte_differences=by_bytes,
        to_kept=differences(styles, KEPT),
        agreement=agreeing(told, by_bytes),
        slow_agreement=agreeing([one for one in told if one.arm == KEPT], at_slow),
        accuracies={name: one for name, one in accuracies.items() if one is not None},
        margins={one.name: margins_of(whole[one.name]) for one in choices},
        curves={arm: [CurvePoint(**point) for point in one["curve"]] for arm, one in trained.items()},
        early={
            one.name: {
                arm: [
                    _mean([each[QUARTER][one.name] for each in models]),
                    _mean([each[HALF][one.name] for each in models]),
                    _mean([each[WHOLE][one.name].every(EARLY_ITEMS) for each in models]),
                ]
                for arm, models in found.items()
            }
            for one in evaluations
        },
        lego={} if config.probe is None else _read_probes(config, folder),
        prompts=plan["prompts"] if config.samples else (),
        written={arm: one["written"] if config.samples else () for arm, one in trained.items()},
    )


def _read_probes(config: ProveConfig, folder: ProofFolder) -> dict[str, list[list[float]]]:
    found = {}
    for arm in _probed_arms(config):
        paths = [folder.probed(f"{arm}-{seed + 1}") for seed in range(config.seeds)]
        of_arm = [json.loads(path.read_text())["accuracies"] for path in paths]
        found[arm] = np.mean(of_arm, axis=0).tolist()
    return found


def _mean(models: Sequence[Measured]) -> float:
    return float(np.mean([one.bits_per_byte for one in models]))
