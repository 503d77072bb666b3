"""Settings of `explain_row`."""

from pydantic import Field

from filtering.embedders import Placement
from filtering.errors import SettingsError
from filtering.explain import TOP
from filtering.scorers import Effort
from pipelines.config_base import Settings


class ExplainConfig(Settings):
    """Settings of `explain_row`.

    Parameters
    ----------
    file : str
        A Parquet file; of a run, the path of an input below its folder, as the run's report has it.
    row : int
        Position of the document in the file, from 0.
    run : str, optional
        Folder of a finished run that read the file.
    scorer : str, optional
        As in `FilterConfig`; ``web`` if not given. Of a run, where its scorer lies now.
    effort : {"fast", "balanced", "full"}, optional
        As in `FilterConfig`; ``fast`` if not given. Not of a run: it has stored its scores.
    text_column, device, embedder, trust_remote_code
        As in `FilterConfig`, for a file that is of no run.
    top : int
        N-grams that raise, n-grams that lower, and statistics to name, at most.
    """

    file: str = Field(min_length=1)
    row: int = Field(ge=0)
    run: str | None = Field(default=None, min_length=1)
    scorer: str | None = Field(default=None, min_length=1)
    effort: Effort | None = None
    text_column: str | None = Field(default=None, min_length=1)
    device: str = Field(default="auto", min_length=1)
    embedder: str | None = Field(default=None, min_length=1)
    trust_remote_code: bool = False
    top: int = Field(default=TOP, ge=1, le=10_000)

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        if self.run is not None and (self.effort or self.text_column):
            raise SettingsError(
                "'effort' (--effort) and 'text_column' (--text-column) must not come with 'run' (--run): "
                "a run has its own."
            )

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs."""
        return Placement(device=self.device, folder=self.embedder, trust_remote_code=self.trust_remote_code)
