"""What compiled kernels must give, in plain Python that is written to be read, and what compares the two."""
