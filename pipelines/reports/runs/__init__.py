"""The page of a run: data first (`run_report_data.py`), then the page (`run_page.py`).

Here: shares that are kept, documents to show, leaks, passages, what the scorer does not know, and what
matters most (`findings.py`). `write_report.py` makes the page,
`report_result.py` does so at the end of a run.
Not here: pages of scorers, proofs, comparisons and texts, which stand above.
To add a section, gather its data in `run_report_data.py`, shape it in `run_page.py`, and show it in
`page_kit/templates/run.html`.
"""
