"""The behavioural engine: arrays solved in NumPy and compiled loops, with the same compiled device models."""
