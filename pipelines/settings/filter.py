"""Settings of `filter`: by which scorers, where the cut is, what is written, and what is checked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PlainSerializer
from typer import Option

from filtering.embedding.settings import Placement
from filtering.errors import SettingsError
from filtering.rubric_points import KEEP_AT
from filtering.scoring.settings import MAX_FALSE, MAX_LOST, ExitSettings
from filtering.signals.settings import Rule, named_rules, usual_rules
from pipelines.settings.base import (
    CHECKS,
    OUTPUT,
    SCORING,
    EmbeddingSettings,
    Name,
    OpenShare,
    Paths,
    Points,
    ScoringEffort,
    from_words,
    setting_name,
)
from pipelines.settings.runs import Benchmarks, BenchmarkSettings, DumpSettings, UnsureAction
from pipelines.settings.several import Combine, NamedScorer, ScorerNames, combination_of, named_scorers

OnDrift = Literal["warn", "fail"]

Write = Literal["kept", "passages", "all", "scores"]

BOUNDS = ("max_lost", "max_false", "max_disagreement")
"""Settings that say what effort balanced must hold."""


def _rules_in_words(rules: tuple[Rule, ...] | None) -> str | None:
    return rules if rules is None else ",".join(rules) or "none"


class FilterConfig(BenchmarkSettings, EmbeddingSettings, DumpSettings):
    """Settings of `filter_dump`.

    A file's path below its folder (below the part of a pattern before the first wildcard) is its path in the
    output.
    """

    old_names: ClassVar[Mapping[str, str]] = {"decontaminate": "against"}

    scorer: ScorerNames = "web"
    combine: Combine = None
    keep_at: Annotated[
        Points,
        Option(rich_help_panel=SCORING, help="Lowest score that is kept, from 0 to 5 rubric points."),
    ] = KEEP_AT
    effort: ScoringEffort = "fast"
    write: Annotated[
        Write,
        Option(
            rich_help_panel=OUTPUT,
            help="What to write: kept documents, these and passages of others, all documents with edu_keep "
            "and edu_reason, or only scores.",
        ),
    ] = "kept"
    max_lost: Annotated[
        OpenShare | None,
        Option(
            rich_help_panel=CHECKS,
            help="With effort balanced: share of the documents that effort full keeps that may be dropped. "
            f"Default: {MAX_LOST:g}, or the least that the scorer can show.",
        ),
    ] = None
    max_false: Annotated[
        OpenShare | None,
        Option(
            rich_help_panel=CHECKS,
            help="With effort balanced: share of the documents that are kept that effort full may drop. "
            f"Default: {MAX_FALSE:g}, or the least that the scorer can show.",
        ),
    ] = None
    passages: Annotated[
        bool,
        Option(
            "--passages", rich_help_panel=OUTPUT,
            help="Score documents of more than 4,000 bytes by segments of about 1,500 bytes too. The columns "
            "edu_passages and edu_best have their points, and those of the best.",
        ),
    ] = False  # fmt: skip
    passages_at: Annotated[
        Points | None,
        Option(
            rich_help_panel=SCORING,
            help="Lowest score of a segment that belongs to a passage. Default: that of --keep-at.",
        ),
    ] = None
    max_disagreement: Annotated[
        OpenShare | None,
        Option(
            rich_help_panel=CHECKS,
            help="Instead of these two: share of all documents that may be decided differently from effort "
            "full.",
        ),
    ] = None
    audit: Annotated[
        int | None,
        Field(ge=0),
        Option(
            rich_help_panel=CHECKS,
            help="With effort balanced: documents to embed as a check of these shares. Default: 2 % of all, "
            "at most 1,000.",
        ),
    ] = None
    rules: Annotated[
        tuple[Rule, ...] | None,
        from_words(named_rules),
        PlainSerializer(_rules_in_words),
        Option(
            parser=str,
            rich_help_panel=SCORING,
            help="Kinds of files to leave out unscored: license-only, generated, minified, too-short, data, "
            "separated by commas, or none. Default: all of them for code, none for other scorers.",
        ),
    ] = None
    on_drift: Annotated[
        OnDrift,
        Option(
            rich_help_panel=CHECKS,
            help="What to do if the check finds larger shares: warn, or fail with exit code 4.",
        ),
    ] = "warn"
    score_column: Annotated[
        Name, Option(rich_help_panel=OUTPUT, help="Name of the column that holds the score.")
    ] = "edu_score"
    unsure: Annotated[
        UnsureAction,
        Option(
            rich_help_panel=OUTPUT,
            help="What to do with a document in a language for which the scorer has few labels: keep it, "
            "drop it, or flag it in the column edu_unsure.",
        ),
    ] = "flag"
    write_origin: Annotated[
        bool,
        Option(
            "--write-origin", rich_help_panel=OUTPUT,
            help="Write where each document is from: its input file, edu_file, and its row there, edu_row.",
        ),
    ] = False  # fmt: skip
    against: Annotated[Paths, Benchmarks] = ()

    def _refuse_misfits(self) -> None:
        super()._refuse_misfits()
        self._refuse_misfits_of_several()
        self._refuse_beside_scores_alone()
        self._refuse_bounds_that_do_not_go_together()
        if self.passages_at is not None and self.cut_of_passages is None:
            raise SettingsError(
                f"'passages_at' (--passages-at) must come with --passages or --write passages. "
                f"Got {self.passages_at!r} with --write {self.write}."
            )
        if not self.against:
            self._refuse_without("--against", "leak_action", "fields", "passage_leaks", "common_items")

    def _refuse_misfits_of_several(self) -> None:
        if self.combination == "mean" and self.effort == "balanced":
            raise SettingsError(
                "'combine' (--combine) must be max, min or the name of a scorer with --effort balanced, "
                "which embeds near the cut of each scorer. Got 'mean', whose cut is near none of these. "
                "Choose --effort fast or full."
            )
        if self.combination is not None and self.cut_of_passages is not None:
            raise SettingsError(
                f"{'--passages' if self.passages else '--write passages'} must come with one scorer, which "
                f"scores segments. Got {len(self.scorers)}. Name one scorer, or leave passages out."
            )

    def _refuse_beside_scores_alone(self) -> None:
        if self.write != "scores":
            return
        if self.against:
            raise SettingsError(
                "'against' (--against) must come with documents that are written. Got --write scores. "
                "Run 'edufilter decontaminate' on the documents that you keep."
            )
        if self.write_origin:
            raise SettingsError(
                "'write_origin' (--write-origin) must come with documents that are written. "
                "Got --write scores."
            )
        if self.passages:
            raise SettingsError(
                "'passages' (--passages) must come with documents that are written. Got --write scores."
            )
        if self.unsure == "drop":
            raise SettingsError(
                "'unsure' (--unsure drop) must come with documents that are written. Got --write scores. "
                "Say it when you cut: edufilter recut --unsure drop."
            )

    def _refuse_bounds_that_do_not_go_together(self) -> None:
        for name, usual in (*((one, None) for one in BOUNDS), ("audit", None), ("on_drift", "warn")):
            if self.effort != "balanced" and getattr(self, name) != usual:
                raise SettingsError(
                    f"{setting_name(FilterConfig, name)} must come with --effort balanced. "
                    f"Got effort {self.effort!r}. Add the one, or leave the other out."
                )
        for name in ("max_lost", "max_false"):
            if self.max_disagreement is not None and getattr(self, name) is not None:
                raise SettingsError(
                    "'max_disagreement' (--max-disagreement) must come without a bound on the documents that "
                    f"are kept. Got {setting_name(FilterConfig, name)} beside it. Leave one of them out."
                )

    @property
    def cut_of_passages(self) -> float | None:
        """Points from which a segment belongs to a passage; None where documents are judged as wholes."""
        if not self.passages and self.write != "passages":
            return None
        return self.keep_at if self.passages_at is None else self.passages_at

    @property
    def writes_origin(self) -> bool:
        """Whether rows say where they are from: passages always do, since several may be of one document."""
        return self.write_origin or self.write == "passages"

    @property
    def scorers(self) -> tuple[NamedScorer, ...]:
        """The scorers by name."""
        return named_scorers(self.given_scorers)

    @property
    def given_scorers(self) -> tuple[str, ...]:
        """The scorers as they were given."""
        return (self.scorer,) if isinstance(self.scorer, str) else self.scorer

    @property
    def combination(self) -> str | None:
        """What is made of the points of several scorers; None where there is one."""
        return combination_of(self.combine, [one.name for one in self.scorers])

    @property
    def exit_settings(self) -> ExitSettings:
        """What the exits of a cascade must hold."""
        return ExitSettings(self.keep_at, **{name: getattr(self, name) for name in BOUNDS})

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs, on as many threads as there are workers."""
        return replace(super().placement, threads=self.workers)

    def rules_for(self, domain: str) -> tuple[Rule, ...]:
        """Return the rules that were asked for, else those usual for a domain."""
        return usual_rules(domain) if self.rules is None else self.rules
