"""Speed, memory and accuracy beside the peers, each claim as a ratio measured in one run: ``python -m benchmarks``."""
