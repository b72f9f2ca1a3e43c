"""The exhibits in rows: fitted laws side by side, numbers with their errors, LaTeX and Markdown forms."""

import re

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus, value_with_error
from replication.schema import INFINITE_WIDTH_METHODS

__all__ = ["exponent_table", "number", "plus_minus", "readable", "to_latex", "to_markdown", "value_with_error"]

KEYS = ["task", "dataset", "method", "width", "training_time"]
# statistic, law and parameter of each numeric column of the exponent table
COLUMNS = {
    "mean_exponent": ("mean", "power_law", "exponent"),
    "std_exponent": ("std", "power_law", "exponent"),
    "plateau_slope": ("coefficient_of_variation", "plateau", "slope"),
    "plateau_value": ("coefficient_of_variation", "plateau", "value"),
}
# column: heading in LaTeX, heading in Markdown
HEADINGS = {
    "N_D": ("$N_D$", "N_D"),
    "eps_L": (r"$\epsilon_L$", "ε_L"),
    "diag_reg": (r"\texttt{diag\_reg}", "diag_reg"),
    "width": (r"width $n$", "width"),
    "training_time": ("steps", "steps"),
    "mean_exponent": (r"exponent of $\mu_L$", "exponent of μ_L"),
    "mean_chi_square": (r"$\chi^2$/dof", "χ²/dof"),
    "std_exponent": (r"exponent of $\sigma_L$", "exponent of σ_L"),
    "std_chi_square": (r"$\chi^2$/dof", "χ²/dof"),
    "plateau_slope": (r"$\mathrm{d}\ln\epsilon_L/\mathrm{d}\ln N_D$", "d ln ε_L / d ln N_D"),
    "plateau_value": (r"plateau of $\epsilon_L$", "plateau of ε_L"),
    "plateau_chi_square": (r"$\chi^2$/dof", "χ²/dof"),
}
SYMBOLS = {"mu": r"\mu", "sigma": r"\sigma", "eps": r"\epsilon", "N": "N"}
LATEX = {character: "\\" + character for character in "&%$#_{}"}
LATEX |= {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "∞": r"$\infty$",
    "±": r"$\pm$",
}


def exponent_table(laws: pd.DataFrame) -> pd.DataFrame:
    """One row for each task, source, method, width and training time: exponents of mu_L and sigma_L, plateau of eps_L.

    Each quantity q has the columns q, q_lower, q_upper, q_standard_error and q_text, its value(error); each fit
    chi-square, degrees of freedom and `chi-square/dof` as text. A law that was not fitted leaves NaN and empty text.
    """
    table = laws[KEYS].drop_duplicates(ignore_index=True)
    for column, (statistic, law, parameter) in COLUMNS.items():
        chosen = laws[(laws.statistic == statistic) & (laws.law == law) & (laws.parameter == parameter)]
        names = {"estimate": column} | {end: f"{column}_{end}" for end in ("lower", "upper", "standard_error")}
        table = table.merge(chosen[[*KEYS, *names]].rename(columns=names), on=KEYS, how="left")
        pairs = zip(table[column], table[f"{column}_standard_error"], strict=True)
        table[f"{column}_text"] = [value_with_error(*pair) for pair in pairs]
        if parameter != "slope":  # the chi-square of a plateau is that of its constant
            table = _with_chi_square(table, chosen, column.split("_")[0])
    return table


def number(value: float) -> str:
    """A number for a reader: four significant digits, ∞ for infinity, nothing for NaN; whole numbers in full."""
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e9 else f"{value:.4g}"


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """What a reader sees of a table: texts in place of the numbers behind them, names of methods as words."""
    texts = [name.removesuffix("_text") for name in table if name.endswith("_text")]
    columns = {}
    for name in table:
        quantity = next((text for text in texts if name == text or name.startswith(f"{text}_")), None)
        if quantity is None:
            columns[name] = [number(cell) if isinstance(cell, float | int) else str(cell) for cell in table[name]]
        elif name == f"{quantity}_text":
            columns[quantity] = table[name].to_list()
    shown = pd.DataFrame(columns)
    if "method" in shown:
        shown["method"] = shown["method"].replace(INFINITE_WIDTH_METHODS)
    if "training_time" in shown:  # Bayesian inference takes no steps
        shown["training_time"] = shown["training_time"].replace("∞", "converged").mask(shown["method"] == "Bayes", "")
    return shown


def to_latex(table: pd.DataFrame, caption: str, label: str) -> str:
    """A booktabs table environment; text is escaped, known headings are mathematics, `caption` is LaTeX as given."""
    shown = readable(table).map(escape_latex)
    shown.columns = [HEADINGS[name][0] if name in HEADINGS else escape_latex(_words(name)) for name in shown]
    body = shown.to_latex(
        index=False, escape=False, caption=caption, label=label, position="htbp", column_format="l" * shown.shape[1]
    )
    body = body.replace("\\begin{tabular}", "\\centering\\footnotesize\n\\begin{tabular}", 1)
    return "% needs \\usepackage{booktabs}\n" + body


def to_markdown(table: pd.DataFrame) -> str:
    """A Markdown pipe table of what `readable` shows."""
    shown = readable(table).map(lambda cell: cell.replace("|", "\\|").replace("\n", " "))
    shown.columns = [HEADINGS[name][1] if name in HEADINGS else _words(name) for name in shown]
    return shown.to_markdown(index=False, disable_numparse=True)


def escape_latex(text: str) -> str:
    """`text` with every character that LaTeX would interpret made literal; symbols and minus signs as mathematics."""
    escaped = re.sub("|".join(map(re.escape, LATEX)), lambda match: LATEX[match[0]], text)
    escaped = re.sub(r"\b(mu|sigma|eps|N)\\_([LD])\b", lambda match: f"${SYMBOLS[match[1]]}_{match[2]}$", escaped)
    return re.sub(r"(?<![\w.])-(?=[\d$])", "$-$", escaped)


def _words(column: str) -> str:
    """A column's name as words; a heading that is no identifier, such as one with a source in it, stays as it is."""
    return column.replace("_", " ") if column.isidentifier() else column


def _with_chi_square(table: pd.DataFrame, chosen: pd.DataFrame, fit: str) -> pd.DataFrame:
    names = {
        "chi_square": f"{fit}_chi_square",
        "chi_square_dof": f"{fit}_chi_square_dof",
        "p_value": f"{fit}_chi_square_p_value",
    }
    table = table.merge(chosen[[*KEYS, *names]].rename(columns=names), on=KEYS, how="left")
    pairs = zip(table[names["chi_square"]], table[names["chi_square_dof"]], strict=True)
    table[f"{fit}_chi_square_text"] = ["" if np.isnan(value) else f"{value:.1f}/{dof:.0f}" for value, dof in pairs]
    return table
