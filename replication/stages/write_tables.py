"""Stage: the table of fitted exponents and plateau values, as CSV and LaTeX."""

from replication.report.tables import exponent_table, to_latex
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def write_tables(paths: RunPaths) -> None:
    """Write the table of exponents and plateau values."""
    table = exponent_table(files.read_table(paths.results("scaling_laws.csv")))
    caption = (
        f"Exponents of mu_L and sigma_L, slope and plateau of eps_L, with standard errors; profile {paths.profile}."
    )
    files.write_table(paths.exhibits("exponents.csv"), table)
    files.write(paths.exhibits("exponents.tex"), to_latex(table, caption, "tab:exponents"))


if __name__ == "__main__":
    run(write_tables)
