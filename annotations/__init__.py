"""Labels from a language model: their schema, and reading them. It reads no dumps."""

from annotations.records import Labels, read_labels

__all__ = ["Labels", "read_labels"]
