"""What verbs cost in time and memory: each file is a section of docs/benchmarks.md."""
