"""Under which names dumps hold their texts: values alone, which load no library."""

TEXT_COLUMNS = ("text", "content", "raw_content", "code")
"""Names under which dumps hold their texts: ``text`` in FineWeb, ``content`` in The Stack, StarCoder data,
CodeParrot and github-jupyter, ``raw_content`` in RedPajama, ``code`` in github-code and parsed notebooks."""
TEXT_COLUMN_NAMES = f"{', '.join(TEXT_COLUMNS[:-1])} and {TEXT_COLUMNS[-1]}"
TEXT_COLUMN_HELP = (
    "Column of the text, such as body, or content.text for a field of a struct. "
    f"Default: the one column among {TEXT_COLUMN_NAMES} that holds text."
)
