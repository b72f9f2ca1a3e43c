"""Linear models of random features: the part of arXiv 2102.06701 that is solved, in theory and simulated."""
