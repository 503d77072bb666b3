"""Pages of a run and of a scorer: data first, then the page.

Here: what is gathered for a page (`report_data.py`, `scorer_report.py`) and the modules that show it.
Not here: what all pages share (`page_kit/`), and the numbers themselves.
To add a section, gather its data in `report_data.py`, and show it in the template of the page.
"""
