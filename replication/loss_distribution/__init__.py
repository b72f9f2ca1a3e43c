"""The test loss over initialisations: moments, and its whole law."""
