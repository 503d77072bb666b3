"""What all pages share: one file that opens offline, on a phone, in the dark and without JavaScript.

All that comes from data goes through `text`, which escapes it. The page runs the one script below, known to
the browser by its digest, and forbids any other, and every request.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

CONTROL_CHARACTERS = {code: 0xFFFD for code in (*range(9), 11, 12, *range(14, 32), 127, 0x202D, 0x202E)}
"""What a page may not hold, or what turns the order of letters, is shown as U+FFFD."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; {scripts}">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<script>{script}</script>
</body>
</html>
"""

SCRIPT = """
for (const bar of document.querySelectorAll(".search")) {
  const cards = [...bar.parentElement.querySelectorAll(".sample")];
  const words = cards.map(card => card.textContent.toLowerCase());
  const [input, ...selects] = bar.querySelectorAll("input, select");
  const show = () => {
    const wanted = input.value.toLowerCase();
    let count = 0;
    cards.forEach((card, at) => {
      const fits = selects.every(one => !one.value || card.dataset.slices.split("\\n").includes(one.value));
      card.hidden = !(fits && words[at].includes(wanted));
      count += !card.hidden;
    });
    bar.querySelector("output").textContent = count + " of " + cards.length + " documents";
  };
  bar.addEventListener("input", show);
  bar.hidden = false;
  show();
}
"""
"""Shows the search of documents, which does nothing without it, and hides cards that do not fit."""

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #16202e; --soft: #56637a;
  --line: #dde2ea; --kept: #0d7d72; --dropped: #b3bccb; --kept-ink: #0b6a61; --dropped-ink: #5b6679; }
@media (prefers-color-scheme: dark) { :root { --page: #10151d; --card: #18202b; --ink: #e6ebf2;
  --soft: #97a4b8; --line: #2c3747; --kept: #2fb5a5; --dropped: #4d5b70; --kept-ink: #4fd0c0;
  --dropped-ink: #a3b0c4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.6rem 1rem 3rem; }
h1 { font-size: 1.55rem; margin: 0; line-height: 1.25; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); font-size: .88rem; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0 0; }
.card, .tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tiles > div { padding: .7rem .9rem; } .tiles dt { color: var(--soft); font-size: .8rem; }
.tiles dd { margin: 0; font-size: 1.4rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles dd + dd { font-size: .8rem; font-weight: 400; color: var(--soft); }
.share { height: .55rem; border-radius: .3rem; margin-top: .9rem; background: var(--dropped);
  overflow: hidden; } .share div { height: 100%; background: var(--kept); }
.card { padding: .9rem; } .narrow { display: none; } .card svg { display: block; width: 100%; height: auto; }
.card svg text { font-family: inherit; }
.key::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: .15em;
  margin: 0 .4em 0 0; background: var(--kept); } .key.dropped::before { background: var(--dropped); }
.key { margin-right: 1rem; }
details { margin-top: .5rem; } summary { cursor: pointer; color: var(--soft); font-size: .88rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; font-weight: 650; padding: .2rem 0 .4rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
td:first-child { min-width: 9rem; }
.number { text-align: right; white-space: nowrap; } tr:last-child td { border-bottom: 0; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; }
.columns > * { min-width: 0; } .below { margin-top: 1rem; } .tables { gap: 1rem; align-items: start; }
.sample { margin: 0 0 .7rem; padding: 0; overflow: hidden; border-left: 4px solid var(--kept); }
.sample.dropped { border-left-color: var(--dropped); }
.sample header { display: flex; gap: .7rem; align-items: baseline; padding: .5rem .8rem;
  border-bottom: 1px solid var(--line); }
.sample b { font-size: 1.1rem; color: var(--kept-ink); font-variant-numeric: tabular-nums; }
.sample.dropped b { color: var(--dropped-ink); }
.sample pre { margin: 0; padding: .6rem .8rem; max-height: 13rem; overflow: auto; unicode-bidi: isolate;
  font: .76rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.sample details { margin: 0; border-top: 1px solid var(--line); } .sample summary { padding: .35rem .8rem; }
.sample details pre { max-height: 70vh; }
.search { display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0; } .search[hidden] { display: none; }
.search input, .search select { font: inherit; padding: .35rem .6rem; color: var(--ink);
  background: var(--card); border: 1px solid var(--line); border-radius: .4rem; min-width: 0; }
.search input { flex: 1 1 14rem; }
.search select { flex: 0 1 16rem; }
.search output { align-self: center; color: var(--soft); font-size: .88rem; }
.why { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; padding: 0 .8rem .5rem; font-size: .8rem; }
.why b { font-size: .8rem; color: var(--soft); }
.why ul { margin: .2rem 0; padding-left: 1rem; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
.pair pre { margin: 0; max-height: 20rem; overflow: auto; unicode-bidi: isolate; white-space: pre-wrap;
  overflow-wrap: anywhere; tab-size: 4; font-size: .8rem; }
.masonry { columns: 2 26rem; column-gap: 1rem; }
.masonry > * { break-inside: avoid; margin: 0 0 1rem; }
td.bar { min-width: 4rem; width: 40%; vertical-align: middle; padding-right: 0; }
.bar div { position: relative; height: .6rem; border-radius: .2rem;
  background: var(--line); } .bar i { position: absolute; inset: 0 auto 0 0; background: var(--kept);
  border-radius: .2rem; } .bar u { position: absolute; inset: -.12rem auto -.12rem 0; width: 2px;
  background: var(--ink); } .far td:first-child { font-weight: 650; }
.findings { padding-left: 1.1rem; } .findings li { margin: .25rem 0; }
@media (max-width: 44rem) { th, td { padding-right: .5rem; } td:first-child { min-width: 7rem; }
  td.bar { min-width: 3rem; } .columns { grid-template-columns: 1fr; } .wide { display: none; }
  .narrow { display: block; } main { padding-top: 1rem; } .sample pre { max-height: 10rem; } }
"""


def whole_page(title: str, body: Iterable[str]) -> str:
    """Return a page as HTML, from parts that are HTML already."""
    digest = b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    scripts = f"script-src 'sha256-{digest}'"
    return PAGE.format(
        title=text(title), style=STYLE, script=SCRIPT, scripts=scripts, body="\n".join(filter(None, body))
    )


def text(value: object) -> str:
    """Return any value as HTML text: the one way for data into the page."""
    return escape(str(value).translate(CONTROL_CHARACTERS))


def percent(part: float, whole: float) -> str:
    """Return a share in words."""
    return f"{100 * part / whole:.1f} %" if whole else "none"


def size(size_bytes: float) -> str:
    """Return a number of bytes in words."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000 or unit == "GB":
            break
        size_bytes /= 1000
    return f"{size_bytes:,.0f} {unit}" if size_bytes >= 100 or unit == "bytes" else f"{size_bytes:.1f} {unit}"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, texts: int = 1) -> str:
    """Return a table; its first `texts` columns are text, the others numbers."""
    kinds = ["" if column < texts else " class=number" for column in range(len(head))]
    top = "".join(f"<th{kind}>{text(name)}</th>" for kind, name in zip(kinds, head, strict=True))
    lines = [
        "".join(f"<td{kind}>{_number_or_text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<div class=scroll><table><caption>{text(caption)}</caption><tr>{top}</tr>\n{body}</table></div>"


def _number_or_text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else text(cell)


def tiles(shown: Iterable[tuple[str, str, str]]) -> str:
    """Return figures in a row of boxes: what each is, the figure, and more about it."""
    boxes = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd><dd>{text(more)}</dd></div>"
        for name, value, more in shown
    )
    return f"<dl class=tiles>{boxes}</dl>"
