"""What all pages share: layout, tables, cards, charts, templates.

Here: the templates of all pages and of the model card, with style and script, and the pieces of which
pages are made.
Not here: what a page says (`reports/`; of a sample `labels/`, of the model card `scorers/`).
To add a piece that several pages show, add a macro to `templates/` and, if it needs one, its view to
`cards.py`.
"""
