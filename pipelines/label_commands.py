"""The commands that make and judge labels and scorers; `commands.py` puts them under their names."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python

from annotations.limits import Price
from filtering.embedders import DEFAULT_EMBEDDER, MAX_TOKENS, Placement
from filtering.errors import SettingsError
from pipelines.command_options import (
    DeviceOption,
    EffortOption,
    EmbedderFolderOption,
    GroupColumnOption,
    JsonLogOption,
    JsonOption,
    LabelsArgument,
    NoSamplesOption,
    OverwriteOption,
    ScorerOption,
    SeedOption,
    TextColumnOption,
    TrustOption,
    reporter_of,
)
from pipelines.config_base import KEEP_AT
from pipelines.config_labels import (
    ANY_MODEL,
    MIN_RANDOM_SHARE,
    AnnotateConfig,
    ImportConfig,
    NearCutConfig,
    SampleConfig,
    Strategy,
)
from pipelines.config_scorers import TEACHER_TOKENS, DistillConfig, Head, Signals, TrainConfig
from pipelines.print_labels import print_agreement, print_annotation, print_estimate, print_sample
from pipelines.print_scorers import print_comparison, print_evaluation, print_learning_curve, print_scorer
from pipelines.progress import ConsoleReporter


def sample_command(
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            help="File to write: .parquet; .csv has an empty score column, for people, and a page to read "
            "beside it.",
        ),
    ],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[INPUT...]", help="Parquet files, folders or patterns.")
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", help="Documents to draw. Default: 2,000; 200 with --near-cut.")
    ] = None,
    scorer: ScorerOption = "web",
    strategy: Annotated[
        Strategy,
        typer.Option(
            help="stratified: at random, with like shares of files, lengths and scores. active: in part so, "
            "in part uncertain, diverse and high ones, by the scorer."
        ),
    ] = "stratified",
    random_share: Annotated[
        float, typer.Option(help="Of an active sample: share that is drawn at random, from 0.3 up.")
    ] = MIN_RANDOM_SHARE,
    keep_at: Annotated[float, typer.Option(help="Rubric points of the cut that active looks at.")] = KEEP_AT,
    near_cut: Annotated[
        str | None,
        typer.Option(
            metavar="OUT", help="Draw from a finished run instead, half from either side of its cut."
        ),
    ] = None,
    text_column: TextColumnOption = None,
    group_column: GroupColumnOption = None,
    seed: SeedOption = 0,
    overwrite: OverwriteOption = False,
    json_log: JsonLogOption = False,
) -> int:
    """Draw documents to label from a dump of any size, each with its probability."""
    if (near_cut is None) == (not inputs):
        raise SettingsError("Either an INPUT or --near-cut must be given, not both. Name a dump, or a run.")
    common: dict[str, Any] = {"out": out, "group_column": group_column, "seed": seed, "overwrite": overwrite}
    common |= {} if n is None else {"n": n}
    if near_cut is not None:
        from pipelines.near_cut import sample_near_cut

        return print_sample(sample_near_cut(NearCutConfig(run=near_cut, **common)))
    from pipelines.sample import sample_dump

    config = SampleConfig(
        inputs=tuple(inputs or ()),
        scorer=scorer,
        strategy=strategy,
        random_share=random_share,
        keep_at=keep_at,
        text_column=text_column,
        **common,
    )
    return print_sample(sample_dump(config, reporter=reporter_of(json_log)))


def annotate_command(
    out: Annotated[str, typer.Option("--out", "-o", help="Folder of labels: new, empty, or begun earlier.")],
    sample: Annotated[
        str | None,
        typer.Argument(metavar="[SAMPLE]", help="What sample wrote, or any file or data set with texts."),
    ] = None,
    rubric: Annotated[
        str, typer.Option("--rubric", "-r", help="web, code, story, or the path of a TOML file.")
    ] = "web",
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Who is asked; several for several raters.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            help="Address of an OpenAI-compatible endpoint. Default: OPENAI_BASE_URL, else OpenAI's own. The "
            "key is read from OPENAI_API_KEY."
        ),
    ] = None,
    repeat: Annotated[int, typer.Option(help="Times that each model is asked about each document.")] = 1,
    temperature: Annotated[
        float | None, typer.Option(help="Default: the model's own; some models refuse any.")
    ] = None,
    max_reply_tokens: Annotated[
        int, typer.Option(help="Tokens that a reply may have; models that think need more.")
    ] = 400,
    concurrency: Annotated[int, typer.Option(help="Questions at a time.")] = 32,
    requests_per_minute: Annotated[
        float | None, typer.Option(help="Limit of the endpoint. Default: none.")
    ] = None,
    tokens_per_minute: Annotated[
        float | None, typer.Option(help="Limit of the endpoint. Default: none.")
    ] = None,
    timeout_s: Annotated[float, typer.Option(help="Seconds until an attempt is given up.")] = 120.0,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PRICE",
            help="[MODEL=]INPUT/OUTPUT in US dollars for a million tokens: 0.15/0.6, or big=3/15.",
        ),
    ] = None,
    budget_usd: Annotated[
        float | None, typer.Option(help="What the folder may cost in all; never more. Needs --price.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Print documents, tokens and price; send nothing.")
    ] = False,
    canaries: Annotated[
        bool,
        typer.Option("--canaries", help="Ask about documents with planted orders too: how many labels move?"),
    ] = False,
    import_from: Annotated[
        str | None,
        typer.Option(
            "--import",
            metavar="SOURCE",
            help="Take scores from a Parquet, JSONL or CSV file, a folder or the hub; ask nobody.",
        ),
    ] = None,
    rater: Annotated[str, typer.Option(help="Of --import: name of who gave the scores.")] = "imported",
    text_column: TextColumnOption = None,
    score_column: Annotated[str, typer.Option(help="Of --import: column of the score, 0 to 5.")] = "score",
    group_column: GroupColumnOption = None,
    json_log: JsonLogOption = False,
) -> int:
    """Ask a language model for a label of each document of a sample, or import labels.

    The same command goes on where an interrupted one was, and pays for nothing twice.
    """
    from pipelines.annotate import annotate_sample, estimate_annotation
    from pipelines.importing import import_labels

    columns: dict[str, Any] = {"text_column": text_column, "group_column": group_column}
    if import_from is not None:
        if sample is not None or model or estimate:
            raise SettingsError(
                "--import asks nobody: it must stand without SAMPLE, --model and --estimate. Got one of them."
            )
        imported = ImportConfig(
            source=import_from, out=out, score_column=score_column, rater=rater, **columns
        )
        return print_annotation(import_labels(imported))
    if not model:
        raise SettingsError("A model must be named with --model, as the endpoint names it. Got none.")
    config = AnnotateConfig(
        sample=sample,
        out=out,
        rubric=rubric,
        models=tuple(model),
        base_url=base_url,
        repeat=repeat,
        temperature=temperature,
        max_reply_tokens=max_reply_tokens,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        timeout_s=timeout_s,
        prices=_prices(price or ()),
        budget_usd=budget_usd,
        canaries=canaries,
        **columns,
    )
    if estimate:
        print_estimate(estimate_annotation(config))
        return 0
    return print_annotation(annotate_sample(config, reporter=reporter_of(json_log)))


def _prices(given: Sequence[str]) -> dict[str, Price]:
    prices = {}
    for one in given:
        model, _, numbers = one.rpartition("=")
        try:
            input_usd, output_usd = (float(number) for number in numbers.split("/"))
        except ValueError:
            input_usd = output_usd = -1.0
        if not (0 <= input_usd < float("inf") and 0 <= output_usd < float("inf")):
            raise SettingsError(
                "--price must be [MODEL=]INPUT/OUTPUT, in US dollars for a million tokens, like 0.15/0.6. "
                f"Got {one!r} instead."
            )
        prices[model or ANY_MODEL] = Price(input_usd, output_usd)
    return prices


def agreement_command(
    labels: Annotated[str, typer.Argument(metavar="LABELS", help="Folder that annotate wrote.")],
    human: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Scores by people: CSV or Parquet with the columns id and score."),
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", "-s", help="A scorer trained on these labels: is it or are they the limit?"),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Tell how far raters agree, and how good a scorer could be at best."""
    from pipelines.agreement import agreement_of_labels

    found, sentence = agreement_of_labels(labels, human=human, scorer=scorer)
    if as_json:
        typer.echo(json.dumps({**to_jsonable_python(found, inf_nan_mode="null"), "advice": sentence}))
    else:
        print_agreement(found, sentence)
    return 0


def train_command(
    labels: LabelsArgument,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder of the scorer.")],
    domain: Annotated[str, typer.Option(help="What the scorer is for.")] = "web",
    signals: Annotated[
        Signals, typer.Option(help="How signals are joined; auto keeps the simplest of the best.")
    ] = "auto",
    embedder: Annotated[
        str,
        typer.Option(
            help="Embedder of the second stage: the default, a folder or a hub name; none for no such stage."
        ),
    ] = DEFAULT_EMBEDDER,
    head: Annotated[
        Head, typer.Option(help="Head of the second stage; auto keeps the simplest of the best.")
    ] = "auto",
    max_tokens: Annotated[int, typer.Option(help="Tokens that are embedded of a document.")] = MAX_TOKENS,
    prompt: Annotated[
        str | None, typer.Option(help="What is put before each embedded text. Default: the model's own.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag of an embedder on the hub.")
    ] = None,
    trust_remote_code: TrustOption = False,
    pool: Annotated[
        str | None,
        typer.Option(
            help="Unlabelled documents, for effort balanced: a file with text and group or url, as sample "
            "writes it."
        ),
    ] = None,
    device: DeviceOption = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the scorer in OUT.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Fit a scorer to labels, and judge it by nested cross-validation over groups."""
    from pipelines.train import train_scorer

    config = TrainConfig(
        labels=labels,
        out=out,
        domain=domain,
        signals=signals,
        embedder=embedder,
        head=head,
        max_tokens=max_tokens,
        prompt=prompt,
        revision=revision,
        trust_remote_code=trust_remote_code,
        pool=pool,
        device=device,
        overwrite=overwrite,
    )
    return print_scorer(train_scorer(config, reporter=ConsoleReporter()), as_json=as_json)


def distill_command(
    teacher: Annotated[
        str, typer.Option(help="Folder or hub name of a sequence classification model that gives points.")
    ],
    pool: Annotated[
        str,
        typer.Option(help="Unlabelled documents: a file with text and group or url, as sample writes it."),
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="Folder of the scorer.")],
    domain: Annotated[str, typer.Option(help="What the scorer is for.")] = "web",
    n: Annotated[int, typer.Option("--n", help="Documents that the teacher reads.")] = 6000,
    signals: Annotated[
        Signals, typer.Option(help="How signals are joined; auto keeps the simplest of the best.")
    ] = "auto",
    max_tokens: Annotated[
        int, typer.Option(help="Tokens that the teacher reads of a document.")
    ] = TEACHER_TOKENS,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag of a teacher on the hub.")
    ] = None,
    trust_remote_code: TrustOption = False,
    device: DeviceOption = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the scorer in OUT.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Make a fast scorer of a slow classifier, which is asked only where signals are unsure."""
    from pipelines.distill import distill_scorer

    config = DistillConfig(
        teacher=teacher,
        pool=pool,
        out=out,
        domain=domain,
        n=n,
        signals=signals,
        max_tokens=max_tokens,
        revision=revision,
        trust_remote_code=trust_remote_code,
        device=device,
        overwrite=overwrite,
    )
    return print_scorer(distill_scorer(config, reporter=ConsoleReporter()), as_json=as_json)


def evaluate_command(
    scorer: Annotated[str, typer.Argument(metavar="SCORER", help="web, code, or the folder of a scorer.")],
    labels: LabelsArgument,
    effort: EffortOption = "fast",
    device: DeviceOption = "auto",
    embedder: EmbedderFolderOption = None,
    trust_remote_code: TrustOption = False,
    curve: Annotated[
        str | None,
        typer.Option(
            "--learning-curve", help="SVG file to draw quality against the number of labels to (slow)."
        ),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option(
            "--html",
            help="Page to write: figures, weaknesses, errors to read. Its figures as JSON beside it.",
        ),
    ] = None,
    no_samples: NoSamplesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Judge a scorer by labels; by nested cross-validation where these are the ones that it was fitted to."""
    from filtering.storage import read_metrics
    from pipelines.evaluate import points_of_labels

    if html is not None:
        from pipelines.scorer_page import refuse_page

        refuse_page(html)
    if curve is not None and not Path(curve).parent.is_dir():  # said now, not after minutes of fitting
        raise SettingsError(f"The folder of --learning-curve must exist. Got {curve!r} instead.")
    placement = Placement(device=device, folder=embedder, trust_remote_code=trust_remote_code)
    judged = points_of_labels(scorer, labels, effort=effort, placement=placement)
    evaluation = judged.judge()
    if as_json:
        typer.echo(json.dumps(to_jsonable_python(evaluation, inf_nan_mode="null")))
    else:
        if evaluation.nested:
            print_comparison(read_metrics(scorer))
        print_evaluation(evaluation)
    if curve is not None:
        from pipelines.learning_curve import write_learning_curve

        rows = write_learning_curve(scorer, labels, curve, placement=placement, reporter=ConsoleReporter())
        if as_json:
            typer.echo(json.dumps(rows))
        else:
            print_learning_curve(rows)
            typer.echo(f"learning curve: {curve}")
    if html is not None:
        from pipelines.scorer_page import write_scorer_report

        drawn = Path(curve).read_text() if curve is not None else ""
        write_scorer_report(scorer, labels, html, judged=judged, samples=not no_samples, curve=drawn)
        if not as_json:
            typer.echo(f"report: {html}")
    return 0
