"""The one error a user sees: what is wrong, where, and what to do about it, in one line."""


class ReplicationError(Exception):
    """An error with a remedy; commands print it as one line and exit with status 1."""

    def __init__(self, problem: str, remedy: str):
        super().__init__(f"{problem}: {remedy}")
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self):
        """Pickled, as by a cluster that sends it home, by what it was made of."""
        return type(self), (self.problem, self.remedy)
