"""Reference numbers: what the tables of a profile said when they were last looked at, and whether they still say it."""
