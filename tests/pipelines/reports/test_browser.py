"""Proves in a real browser that pages are drawn and searched, load nothing, and run nothing of a document."""

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, filter_dump, write_report
from pipelines.page_kit.cards import Card, card_section
from pipelines.page_kit.page import whole_page
from pipelines.reports.grade_page import write_grade_page
from pipelines.reports.proof_page import write_proof_page
from pipelines.reports.scorer_page import write_scorer_report
from pipelines.reports.writing_page import write_writing_page
from pipelines.scorers.evaluate import points_of_labels
from pipelines.writing.grading.grade import GradeResult
from pipelines.writing.grading.grades import Graded, grades_by_model
from tests.kit.dumps.long_texts import make_long_text
from tests.kit.dumps.small import CUT, make_texts
from tests.kit.pages.picture import HEIGHT, WIDTH, find_chromium, take_picture
from tests.kit.runs.outcomes import QUIET
from tests.kit.runs.proofs import ARMS, EVALUATIONS, config_of, make_proof
from tests.kit.scripted.server import ScriptedServer, completion
from tests.kit.scripted.writer import Writer, said
from tests.kit.writing.texts import write

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = find_chromium()
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)"
)

HOSTILE = (
    "<script>window.harm = 1</script>", "</pre><script>window.harm = 1</script>",
    "<img src=x onerror='window.harm = 1'>", "<svg onload='window.harm = 1'>",
    "</style><script>window.harm=1",
    "<iframe srcdoc='<script>parent.harm = 1</script>'>", "javascript:window.harm=1",
    "' onclick='harm=1' x='",
    '"><script>window.harm = 1</script>', "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "<link rel=stylesheet href=https://example.org/a.css>", "<base href=https://example.org>",
    "\u202e\x00\x1b]0;x\x07",
)  # fmt: skip
SEARCH = "input[type=search]"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def opened(browser, path, **settings):
    """Open a page; check at the end that it asked for nothing else and said nothing."""
    context = browser.new_context(**settings)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(path.as_uri())
    yield page
    assert asked == [path.as_uri()]
    assert said == []
    context.close()


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Return what came of texts of which some speak to a browser."""
    out = tmp_path_factory.mktemp("texts") / "out"

    def script(request):
        return completion(f"{HOSTILE[request.count % len(HOSTILE)]} {said(Writer()(request))}")

    with pytest.MonkeyPatch.context() as patch, ScriptedServer(script) as server:
        patch.setenv("OPENAI_API_KEY", "sk-of-the-page")
        return write(out, server.base_url, "story", n=40)


@pytest.fixture(scope="module")
def report(web, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    (folder / "dump").mkdir()
    own = [*make_texts(192), *(make_long_text(seed, selling=90) for seed in range(8))]
    texts = [f"{HOSTILE[i % len(HOSTILE)]} {text}" for i, text in enumerate(own)]
    texts[192:] = [text.replace("Recall", HOSTILE[0]) for text in texts[192:]]
    sites = [f"https://site-{i % 3}.org/{HOSTILE[i % len(HOSTILE)]}" for i in range(200)]
    table = pa.table({"text": texts, "url": sites, "genre": [HOSTILE[i % len(HOSTILE)] for i in range(200)]})
    pq.write_table(table, folder / "dump" / "<img src=x onerror=alert(1)>.parquet")
    config = FilterConfig(
        effort="fast",
        inputs=[str(folder / "dump")],
        out=folder / "out",
        scorer=web,
        keep_at=CUT,
        passages=True,
    )
    filter_dump(config, reporter=QUIET)
    return write_report(str(folder / "out"))


@pytest.mark.parametrize(
    "settings",
    [
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 390, "height": 800}, "is_mobile": True},
        {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    ],
    ids=["wide", "phone", "dark"],
)
def test_a_report_is_drawn_on_any_screen_and_runs_nothing_of_a_document(browser, report, settings):
    with opened(browser, report, **settings) as page:
        assert page.locator("svg:visible").count() == 1
        bars = page.locator("svg:visible path[fill='var(--kept)']")
        assert bars.count() > 3
        assert bars.first.bounding_box()["width"] > 0
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= settings["viewport"]["width"]
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        is_dark = sum(int(part) for part in background[4:-1].split(",")) < 3 * 128
        assert is_dark == (settings.get("color_scheme") == "dark")
        page.locator("details summary").first.click()
        assert page.evaluate("window.harm") is None
        assert page.locator("pre img, pre script, pre svg, iframe").count() == 0
        assert page.locator("pre", has_text="<script>window.harm = 1</script>").count() > 0


@pytest.mark.parametrize("width", [1280, 390])
def test_passages_are_marked_on_any_screen_and_run_nothing_of_a_document(browser, report, width):
    with opened(browser, report, viewport={"width": width, "height": 900}) as page:
        page.locator("summary", has_text="with their passages marked").click()
        marks = page.locator("mark:visible")
        assert marks.count() >= 6
        assert "Photosynthesis" in marks.first.inner_text()
        assert "Free shipping" in page.locator("pre.soft:visible").first.inner_text()
        assert page.locator("mark", has_text=HOSTILE[0]).count() > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("window.harm") is None
        assert page.locator("mark *, pre script").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_texts_is_drawn_on_any_screen_and_runs_nothing_of_a_text(browser, texts, width):
    with opened(browser, write_writing_page(texts), viewport={"width": width, "height": 900}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".tiles > div:visible").count() == 4
        assert page.locator("table:visible").count() == 5
        assert "Nothing was thrown away." in page.inner_text("main")
        every = page.locator(".sample:visible").count()
        assert every >= 10
        assert page.locator("output").inner_text() == f"{every} of {every} texts"
        assert page.locator("select option").first.inner_text() == "all slots"
        assert page.locator("select option[value^='noun: ']").first.inner_text().startswith("noun: ")
        page.fill(SEARCH, "they often said")
        assert 0 < page.locator(".sample:visible").count() <= every
        assert page.evaluate("window.harm") is None
        assert page.locator("pre img, pre script, pre svg, iframe").count() == 0


def test_no_option_is_broken_at_the_end_of_a_line(browser, texts, tmp_path):
    sentences = [f"{'word ' * count}--temperature and --max-reply-tokens." for count in range(1, 12)]
    result = replace(texts, out=str(tmp_path), warnings=sentences)
    with opened(browser, write_writing_page(result), viewport={"width": 390, "height": 800}) as page:
        lines = page.locator(".said span").evaluate_all("all => all.map(one => one.getClientRects().length)")
        assert lines == [1] * 22


def test_documents_are_searched_and_filtered_by_slice(browser, report):
    with opened(browser, report) as page:
        cards, shown = page.locator(".sample"), page.locator(".sample:visible")
        every = cards.count()
        assert every > 30
        assert shown.count() == every
        page.fill(SEARCH, "PHOTOsynthesis")
        found = shown.count()
        assert 0 < found < every
        assert page.locator("output").inner_text() == f"{found} of {every} documents"
        for card in shown.all():
            assert "photosynthesis" in card.text_content().lower()
        page.fill(SEARCH, "")
        page.select_option("select", "site: site-1.org")
        assert 0 < shown.count() < every
        for card in shown.all():
            assert "site: site-1.org" in card.get_attribute("data-slices").split("\n")
        page.fill(SEARCH, "no such words")
        assert shown.count() == 0


def test_a_scorer_is_drawn_and_its_errors_are_searched(browser, trained, labels, hasty, tmp_path):
    page_file = tmp_path / "scorer.html"
    judged = points_of_labels(trained.out, str(labels))
    report = write_scorer_report(trained.out, str(labels), str(page_file), judged=judged)
    with opened(browser, page_file, viewport={"width": 390, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("svg:visible").count() == 2  # scores, and what rewrites flip
        assert page.locator(".sample:visible").count() == len(report.errors) > 10
        page.fill(SEARCH, report.errors[0].text[:40])
        assert 0 < page.locator(".sample:visible").count() < len(report.errors)


LABELS_OUTSIDE = """() => [...document.querySelectorAll("svg")].flatMap(svg => {
  const frame = svg.getBoundingClientRect();  // of one that is not shown all is 0
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})"""


@pytest.mark.parametrize("width", [1200, 390])
def test_a_proof_fits_any_screen_and_its_labels_their_charts(browser, tmp_path, width):
    arms = (*ARMS, "against", "a-name-of-forty-characters-as-long-as-may")
    evaluations = {**EVALUATIONS, f"{HOSTILE[0]} {'long' * 40}": ("text", 9, 9), "b" * 200: ("text", 9, 9)}
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    proof = make_proof(arms=arms, evaluations=evaluations, prompts=HOSTILE, run="y" * 200)
    path = write_proof_page(proof, config_of(folder))
    with opened(browser, path, viewport={"width": width, "height": 900}) as page:
        for summary in page.locator("details summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("svg:visible").count() == 3 + len(evaluations)
        assert page.evaluate(LABELS_OUTSIDE) == []
        assert page.evaluate("window.harm") is None
        assert page.locator("img, iframe, link, base, pre script").count() == 0


def test_without_javascript_all_is_there_but_the_search(browser, report):
    with opened(browser, report, java_script_enabled=False) as page:
        assert page.locator(".sample:visible").count() > 30
        assert page.locator("svg:visible").count() == 1
        assert page.locator("table:visible").count() > 3
        assert page.locator(SEARCH).is_hidden()


def test_two_thousand_hostile_documents_stay_safe_and_are_searched(browser, tmp_path):
    cards = [
        Card(
            group="All", score=i % 50 / 10, kept=i % 2 == 0, about=f"{HOSTILE[i % len(HOSTILE)]}, row {i}",
            content=f"{HOSTILE[i % len(HOSTILE)]} document {i} " + "word " * 400, characters=9999,
            slices={"genre": HOSTILE[i % len(HOSTILE)]}, raised=[HOSTILE[i % len(HOSTILE)]],
        )
        for i in range(2000)
    ]  # fmt: skip
    path = tmp_path / "page.html"
    view = SimpleNamespace(documents=card_section(cards, ["All"]), rubric=None)
    path.write_text(whole_page("sample.html", "many", view), encoding="utf-8")
    with opened(browser, path) as page:
        assert page.locator(".sample").count() == 2000
        page.fill(SEARCH, "document 1234 ")
        page.wait_for_function("document.querySelector('output').textContent == '1 of 2000 documents'")
        page.fill(SEARCH, "")
        for value in page.locator("select option").evaluate_all("all => all.map(one => one.value)")[1:4]:
            page.select_option("select", value)
            assert 100 < page.locator(".sample:visible").count() < 200
        assert page.evaluate("window.harm") is None
        assert page.locator("img, iframe, link, base, pre script").count() == 0


def test_the_picture_of_a_report_is_as_wide_as_a_page_and_small(browser, report, tmp_path):
    take_picture(browser, report, tmp_path / "report.png")
    header = (tmp_path / "report.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24])) == (WIDTH, HEIGHT)
    assert (tmp_path / "report.png").stat().st_size < 200_000


@pytest.mark.parametrize("width", [1200, 390])
def test_tiles_fill_their_rows(browser, report, width):
    with opened(browser, report, viewport={"width": width, "height": 900}) as page:
        boxes = [tile.bounding_box() for tile in page.locator(".tiles > div").all()]
        right = page.locator("main").bounding_box()
        rows = {}
        for box in boxes:
            rows[box["y"]] = max(rows.get(box["y"], 0), box["x"] + box["width"])
        assert len(rows) < len(boxes)
        assert max(rows.values()) - min(rows.values()) < 1
        assert right["x"] + right["width"] - max(rows.values()) < 20


@pytest.mark.parametrize("width", [1200, 390])
def test_grades_fit_any_screen_and_run_nothing_of_a_text(browser, tmp_path, width):
    names = ("kept-1", "y" * 200, HOSTILE[0])
    written = [
        Graded(name, text, f"{text} and on", "ok", {"plot": 3.0, "grammar": 3.0}, 3.0)
        for name in names
        for text in HOSTILE
    ]
    result = GradeResult(
        out=str(tmp_path), rubric="story", grader="large", overall="mean", prompts=len(HOSTILE),
        models=grades_by_model(written, ["plot", "grammar"]), statuses={"ok": len(written)},
        spent_usd=1.0, open_usd=0.0, unpriced=(), enough_usd=None,
        last_error="", examples=written,
    )  # fmt: skip
    path = write_grade_page(result)
    with opened(browser, path, viewport={"width": width, "height": 900}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("table:visible").count() == 4
        assert page.locator("pre").count() == len(HOSTILE) * (1 + len(names))
        card = page.locator(".pair").first.bounding_box()
        texts = [one.bounding_box() for one in page.locator(".pair").first.locator(".grid > div").all()]
        assert card["x"] + card["width"] - max(one["x"] + one["width"] for one in texts) < 30
        assert page.evaluate("window.harm") is None
        assert page.locator("img, iframe, link, base, pre script").count() == 0
