"""Replication of "Uncertainty Quantification From Scaling Laws in Deep Neural Networks" (arXiv 2503.05938)."""

__version__ = "0.1.0"
