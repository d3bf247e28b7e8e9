"""A small simulated community with labels, for the demo, the tests and the benchmarks: a pure function of a seed."""
