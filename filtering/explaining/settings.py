"""How much is told of a score: a value alone, which loads no library."""

TOP = 10
"""N-grams that raise, n-grams that lower, and statistics to name."""
