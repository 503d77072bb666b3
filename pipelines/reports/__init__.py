"""Pages of a run, of a scorer, of a proof, of texts and of grades: data first, then the page.

Here: a module for each page that shapes it. The page of a run has a room of its own, `runs/`.
Not here: templates and what all pages share (`page_kit/`), and how a number is computed.
To add a section to the page of a run, see `runs/`.
"""
