"""Measures each effort, by the default bounds, beside BERT-base: whole processes, start-up left out."""

from pathlib import Path

from tests.benchmarks.others.speeds import CORES, ROWS, Program, commands_of, measured
from tests.benchmarks.speed.embedding import BERT_DOCUMENTS, BERT_TOKENS, DOCUMENTS, data_type

DOMAINS = ("web", "code")
SIZES = {
    "copy": ROWS,
    "fast": ROWS,
    "balanced, small": ROWS // 8,
    "balanced": ROWS,
    "full": DOCUMENTS,
    "bert": BERT_DOCUMENTS,
}
"""`balanced` by both, for its audit embeds up to 1,000 documents more, whatever the size."""
TITLES = {
    "copy": "plain pyarrow read + write, zstd",
    "fast": "`edufilter filter --effort fast`",
    "balanced, small": "`--effort balanced`",
    "balanced": "`--effort balanced`",
    "full": "`--effort full`",
    "bert": f"BERT-base, {BERT_TOKENS} tokens, random weights",
}


def efforts_section(shared: Path, folder: Path) -> list[str]:
    """Return a table of rates of both domains."""
    lines = [
        "## Efforts beside BERT-base",
        "",
        f"Whole processes from Parquet to Parquet on {CORES} cores, medians, start-up left out. `balanced` "
        "has its default bounds: of what `full` keeps at most 2 % is lost, of what it keeps at most 5 % is "
        "false. Its audit embeds 2 % of the documents, at most 1,000. "
        f"BERT computes in {str(data_type()).removeprefix('torch.')}.",
        "",
    ]
    for domain in DOMAINS:
        commands = commands_of(domain)
        programs = {way: Program(commands[way.split(",")[0]], documents) for way, documents in SIZES.items()}
        speeds = measured(programs, shared / "pool" / f"{domain}.parquet", folder / f"efforts-{domain}")
        lines += [
            f"| {domain} | documents | documents/s | times BERT-base | peak memory, MB |",
            "| --- | --- | --- | --- | --- |",
        ]
        for way, title in TITLES.items():
            speed, times = speeds[way], speeds[way].then / speeds["bert"].then
            lines.append(
                f"| {title} | {speed.documents:,} | {speed.then:,.0f} | {times:,.1f} | {speed.memory} |"
            )
        lines.append("")
    return lines
