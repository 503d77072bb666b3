"""Texts and Parquet files that tests read: dumps with languages, sites, leaks, long texts, and odd ones.

Here is where a new kind of input is made, sound, forged or deadly. Not here: labels of documents (`labels/`),
and what damages files by chance (`faults/`).
"""
