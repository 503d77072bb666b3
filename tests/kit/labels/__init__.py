"""Samples and labels: had from a scripted endpoint, made up, or as Label Studio writes them.

Not here: the endpoint (`scripted/`).
"""
