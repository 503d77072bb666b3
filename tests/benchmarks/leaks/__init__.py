"""What finds benchmark leaks, in code and in prose, and where its thresholds come from."""
