"""Fitting of models; needs the `train` extra."""
