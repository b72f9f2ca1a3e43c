"""Small tables with known laws and noise, in the schema that the pipeline's summaries have."""

import numpy as np
import pandas as pd

SOURCES = {"digits": "uci_digits", "images": "photo_patches", "calorimeter": "showers"}
SIZES = np.array([16, 32, 64, 128, 256, 512])
WIDTHS = (32.0, 64.0, 128.0)
STEPS = 1000.0
EXPONENTS = {"digits": 0.45, "images": 0.12, "calorimeter": 0.8}
STATISTICS = ("mean", "std", "coefficient_of_variation")
# method, training time and height of each curve at infinite width
INFINITE_WIDTH = (
    ("gradient_descent", STEPS, 1.15),
    ("gradient_descent", np.inf, 1.0),
    ("bayes", np.inf, 0.85),
)


def learning_curves(tasks=tuple(SOURCES), seed=1):
    rng = np.random.default_rng(seed)
    rows = []
    for task in tasks:
        for method, time, scale in INFINITE_WIDTH:
            rows += _curve(rng, task, method, np.inf, time, scale, SIZES, 0.02, 8)
        for width in WIDTHS:
            rows += _curve(rng, task, "trained", width, STEPS, 1.15 + 4 / width, SIZES[:-1], 0.12, 1)
    return pd.DataFrame(rows)


def _curve(rng, task, method, width, time, scale, sizes, noise, draws):
    for size in sizes:
        mean = 0.9 * scale * size ** -EXPONENTS[task] * rng.lognormal(0, noise / 8)
        eps = 0.07 * (1 + 4 / size) * scale * rng.lognormal(0, noise)
        row = {"task": task, "source": SOURCES[task], "method": method, "width": width, "training_size": size}
        row |= {"training_time": time, "draws": draws, "members": np.nan if np.isinf(width) else 24}
        row["training_loss"] = 0.0 if np.isinf(time) else 1e-3
        for statistic, value, error in zip(STATISTICS, (mean, mean * eps, eps), (noise / 8, noise, noise), strict=True):
            row[statistic] = value
            row[f"{statistic}_lower"] = value * (1 - error)
            row[f"{statistic}_upper"] = value * (1 + 1.2 * error)
            row[f"{statistic}_standard_error"] = value * error
        yield row


def scaling_laws(tasks=tuple(SOURCES)):
    rows = []
    for task in tasks:
        families = [
            ("gradient_descent", np.inf, STEPS),
            ("gradient_descent", np.inf, np.inf),
            ("bayes", np.inf, np.inf),
        ]
        for method, width, time in families + [("trained", width, STEPS) for width in WIDTHS]:
            exponent = EXPONENTS[task]
            power = {"exponent": (exponent, 0.0042), "amplitude": (0.9, 0.03), "drift": (0.02, 0.03)}
            std = power | {"exponent": (exponent + 0.013, 0.021), "amplitude": (0.066, 0.003)}
            flat = {"value": (0.0712, 0.0013), "slope": (-0.031, 0.012), "drift": (np.nan, np.nan)}
            for statistic, law, parameters in (
                ("mean", "power_law", power),
                ("mean", "power_law_with_floor", power | {"floor": (0.01, 0.002)}),
                ("std", "power_law", std),
                ("coefficient_of_variation", "plateau", flat),
            ):
                for parameter, (value, error) in parameters.items():
                    rows.append(_law(task, method, width, time, statistic, law, parameter, value, error))
    return pd.DataFrame(rows)


def _law(task, method, width, time, statistic, law, parameter, value, error):
    return {
        "task": task,
        "source": SOURCES[task],
        "method": method,
        "width": width,
        "training_time": time,
        "statistic": statistic,
        "law": law,
        "smallest": 64,
        "largest": 512,
        "points": 4,
        "draws": 8 if np.isinf(width) else 1,
        "parameter": parameter,
        "estimate": value,
        "lower": value - 1.06 * error,
        "upper": value + 1.06 * error,
        "standard_error": error,
        "degrees_of_freedom": 7.0,
        "chi_square": 2.34,
        "chi_square_dof": 2,
        "p_value": 0.31,
    }


VERDICTS = ("holds", "does not hold", "not established")
STATEMENTS = {
    "A1": "mean and standard deviation of the test loss follow scaling laws in N_D",
    "A2": "the coefficient of variation becomes independent of N_D",
    "A3": "eps_L of a finite-width network is approximated by its infinite-width value",
    "A4": "infinite-width scaling laws resemble those of exact Bayesian inference",
    "A5 infinite": "eps_L gives the Bayesian credible interval of the test loss at infinite width",
    "A5 trained": "trained networks heed the credible interval that infinite width predicts",
}


def claims(tasks=tuple(SOURCES)):
    rows = []
    for number, claim in enumerate(STATEMENTS):
        for place, task in enumerate(tasks):
            for scope in ("infinite width, gradient descent", "width 64"):
                estimate = 0.01 * (number + 1) + 0.0013 * place
                rows.append(
                    {
                        "claim": claim,
                        "task": task,
                        "source": SOURCES[task],
                        "scope": scope,
                        "quantity": "slope of ln eps_L",
                        "estimate": estimate,
                        "lower": estimate - 0.02,
                        "upper": estimate + 0.02,
                        "bound_lower": -0.1,
                        "bound_upper": 0.1,
                        "verdict": VERDICTS[(number + place) % 3],
                    }
                )
    return pd.DataFrame(rows)


def verdicts(tasks=tuple(SOURCES)):
    rows = [
        {
            "claim": claim,
            "statement": statement,
            "task": task,
            "source": SOURCES[task],
            "verdict": VERDICTS[(number + place) % 3],
            "evidence": f"drift {0.1 * number + 0.01 * place:.2f} | bound 0.15",
        }
        for number, (claim, statement) in enumerate(STATEMENTS.items())
        for place, task in enumerate(tasks)
    ]
    return pd.DataFrame(rows)


def exact(tasks=tuple(SOURCES), draws=4):
    """Infinite width draw by draw: sigma_L^2 half from single points, mu_L a quarter of scatter."""
    rows = []
    for task in tasks:
        for method, time, scale in INFINITE_WIDTH:
            for draw in range(draws):
                for size in SIZES:
                    mean = scale * size ** -EXPONENTS[task] * (1 + 0.001 * draw)
                    eps = 0.07 * (1 + 0.01 * draw)
                    row = {"task": task, "source": SOURCES[task], "method": method, "width": np.inf, "draw": draw}
                    row |= {"training_size": size, "training_time": time, "mean": mean, "std": mean * eps}
                    row |= {"coefficient_of_variation": eps, "population_coefficient_of_variation": eps / 2}
                    row |= {"variance": mean / 4, "squared_bias": 3 * mean / 4, "own_term": (mean * eps) ** 2 / 2}
                    row |= {"error_modes": 40 + draw, "loss_lower": 0.93 * mean, "loss_upper": 1.08 * mean}
                    rows.append(row | {"condition_number": 1e4 * (1 + draw), "diag_reg": 1e-10 if draw == 2 else 0.0})
    return pd.DataFrame(rows)


def theory(tasks=tuple(SOURCES), exponent_error=0.0):
    """Predictions 4 % below converged gradient descent and Bayes of `exact`, at the sizes they share and others."""
    rows = []
    for task in tasks:
        for method, scale in (("gradient_descent", 1.0), ("bayes", 0.85)):
            for size in (16, 64, 96, 128, 256, 512):
                mean = 0.96 * scale * size ** -(EXPONENTS[task] + exponent_error)
                row = {"task": task, "source": SOURCES[task], "method": method, "training_size": size, "mean": mean}
                rows.append(row | {"std": 0.068 * mean, "coefficient_of_variation": 0.068})
    return pd.DataFrame(rows)


def comparisons(tasks=tuple(SOURCES)):
    rows = [
        {"task": task, "source": SOURCES[task], "comparison": comparison, "width": width, "statistic": "test_loss"}
        | {"estimate": estimate, "standard_error": 0.021, "degrees_of_freedom": np.inf}
        for task in tasks
        for width in WIDTHS
        for comparison, estimate in (("width_ratio", 0.1), ("coverage", 0.5), ("coverage_relative", 0.7 - 1 / width))
    ]
    return pd.DataFrame(rows)


def published():
    """An accuracy at some training size and an exponent, which has none."""
    columns = ["task", "data", "quantity", "training_size", "published", "tolerance", "recomputed", "standard_error"]
    rows = [
        ("digits", "mnist", "NNGP test accuracy", 1000.0, 0.9279, 0.01, 0.9312, 0.0025, "holds", "Lee et al.", np.nan),
        ("digits", "mnist", "exponent", np.nan, 0.4, 0.15, 0.612, 0.013, "does not hold", "Spigler et al.", "a band"),
    ]
    return pd.DataFrame(rows, columns=[*columns, "verdict", "published_by", "remark"])
