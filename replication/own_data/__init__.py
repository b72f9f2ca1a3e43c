"""A user's own data: read from any usual format, its targets told apart, cut into training and test points."""
