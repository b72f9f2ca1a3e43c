"""One module for each DVC stage: the only code that chooses paths."""
