"""The scale of labels and scores: rubric points."""

POINTS = 5
"""The highest; 0 is the lowest."""
KEEP_AT = 3.0
"""From which a document is kept by default: the rubric's "useful" (FineWeb-Edu's cut)."""
MIN_SIDE_ROWS = 10
"""Labels on either side of a point from which on it can be told where scores reach it."""
