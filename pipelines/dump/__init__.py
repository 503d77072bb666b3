"""The dump: which files it has, how they split into parts, and how their rows are read.

Here: finding inputs (`inputs.py`), splitting them (`split_files.py`) into the parts that workers get
(`parts.py`), texts within columns, batches of bounded size and chosen rows. What is known of a row, such as
its language, is in the room `row_values/`.
Not here: anything of a run: keys, settings and receipts are `run_folder/`.
To read another kind of input, start at `reading.py`; to make Parquet of another format, at
`foreign_files.py`.
"""
