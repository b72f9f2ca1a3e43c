"""What the regimes of arXiv 2102.06701 and the routes to them are called in figures, tables and verdicts."""

REGIMES = {
    "variance_data": "variance-limited, data",
    "variance_width": "variance-limited, width",
    "resolution_data": "resolution-limited, data",
    "resolution_width": "resolution-limited, width",
}
ROUTES = {"random_features": "random features", "trained": "trained networks", "infinite_width": "infinite width"}
