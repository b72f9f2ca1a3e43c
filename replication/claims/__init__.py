"""What the papers claim, and how each claim is put to the test."""
