"""What a caller hands over is checked here: shapes, ranges and finiteness, with one line that says what is wanted."""
