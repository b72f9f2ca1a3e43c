"""What a run is asked for: params.yaml as validated, immutable values."""
