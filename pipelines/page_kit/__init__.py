"""What all pages share: layout, tables, cards, templates.

Here: the base template, style and script, and the pieces of which pages are made.
Not here: the pages themselves (`reports/`).
To add a piece that several pages show, add a macro to `templates/` and, if it needs one, its view to
`cards.py`.
"""
