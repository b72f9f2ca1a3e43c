"""What a user's own configuration of other libraries must not change: figures and the numbers of a command."""

import os
import warnings


def neutral() -> None:
    """Before matplotlib is imported: no backend of the user's, who may not have it; no warnings with source lines."""
    os.environ["MPLBACKEND"] = "agg"
    warnings.simplefilter("ignore")
