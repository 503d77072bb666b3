"""Pages of a run, of a scorer and of a proof: data first, then the page.

Here: what is gathered for a page (`run_report_data.py`, `scorer_report_data.py`) and the modules that shape
it for a page.
Not here: templates and what all pages share (`page_kit/`), and how a number is computed.
To add a section, gather its data in `run_report_data.py`, shape it in `run_page.py`, and show it in
`page_kit/templates/run.html`.
"""
