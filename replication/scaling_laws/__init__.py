"""Power laws, exponents, plateaus and corrections, with their uncertainties."""
