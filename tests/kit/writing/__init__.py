"""Texts that the scripted model wrote, and completions to grade.

Not here: the model itself (`scripted/`).
"""
