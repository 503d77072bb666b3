"""Other ways to the same end, and our scorers in other libraries; `theirs.txt` lists what the ways need."""
