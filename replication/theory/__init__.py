"""Formulas: kernel regression, random features, solvable models."""
