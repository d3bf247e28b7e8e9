"""One folder per harm: its signals, its policies, its examples; no harm imports another."""
