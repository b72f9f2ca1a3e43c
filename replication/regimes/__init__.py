"""The four regimes of arXiv 2102.06701: their exponents by every route, and what changes them."""
