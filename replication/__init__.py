"""Replication of "Uncertainty Quantification From Scaling Laws in Deep Neural Networks" (arXiv 2503.05938)."""
