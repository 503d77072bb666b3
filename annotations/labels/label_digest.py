"""Names what a scorer was fitted to: the same labels have the same digest, wherever they come from."""

import hashlib

from annotations.labels.labels import Labels


def labels_digest(labels: Labels) -> str:
    """Return the sha256 of texts, scores and groups, in hexadecimal."""
    digest = hashlib.sha256()
    for text, score, group in zip(labels.texts.to_pylist(), labels.scores, labels.groups, strict=True):
        for value in (text, f"{score:g}", group):
            digest.update(value.encode("utf-8", errors="surrogatepass") + b"\0")
    return digest.hexdigest()
