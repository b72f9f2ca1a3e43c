"""Ensembles of infinitely wide networks: kernels, Gaussian predictions, whole learning curves."""
