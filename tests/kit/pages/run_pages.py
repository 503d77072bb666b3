"""Makes small runs, and reads their pages as a browser would."""

from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.small import CUT
from tests.kit.runs.outcomes import QUIET


class Page(HTMLParser):
    """Reads a page as a browser would: tags with their attributes, and the text of each ``pre``."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pres: list[str] = []
        self.text = ""
        self._inside_pre = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "pre":
            self._inside_pre = True
            self.pres.append("")

    def handle_endtag(self, tag):
        self._inside_pre = self._inside_pre and tag != "pre"

    def handle_data(self, data):
        self.text += data
        if self._inside_pre:
            self.pres[-1] += data


def run_over(texts, folder, web, *, name="a.parquet", kind=None, keep_at=CUT):
    """Run over a dump of one file with some texts; return the folder of the run."""
    (folder / "dump").mkdir(parents=True)
    column = pa.array(texts, kind or pa.string())
    pq.write_table(pa.table({"text": column}), folder / "dump" / name, row_group_size=30)
    out = folder / "out"
    config = FilterConfig(
        effort="fast", inputs=[str(folder / "dump")], out=out, scorer=web, keep_at=keep_at, rows_per_part=60
    )
    filter_dump(config, reporter=QUIET)
    return out


def text_of_page(out):
    """Return the text of the page of a run, without its marks."""
    return Page((out / "run" / "report.html").read_text()).text


def texts_of(report):
    """Return the text of each sample of a report."""
    return [one.text for one in report.samples]
