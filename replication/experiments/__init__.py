"""What each experiment is: tables from settings and data."""
