"""What a document is: bad ones, the part of it that is read, its segments, and near-duplicates.

Here: texts as Arrow buffers with the reasons for which a document cannot be scored, which column holds
them, the window rule, the segments of long ones, their languages, and MinHash clusters of documents that
are nearly the same.
Not here: what a text's words say about it, which is `signals/`.
To add a reason for which no document can be scored, add it to `arrow.py`; a reason that only code can
have goes into `signals/reasons_of_code.py`.
"""
