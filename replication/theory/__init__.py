"""Formulas: kernel regression, random features."""
