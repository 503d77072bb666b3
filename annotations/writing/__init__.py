"""Texts that a language model writes: recipes, draws, what is asked for, and whether what came is good.

Here: recipes and their slots, the draws that make requests of them, the forms of the questions, the checks
of an answer, and measures of diversity.
Not here: how questions are asked (`asking/`), and what reads dumps, runs code or writes folders
(`pipelines/writing/`).
To add a recipe, add a TOML file to `annotations/recipes/`; to add a word list, a text file to `words/` below it.
"""
