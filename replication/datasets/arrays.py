"""Arrays as a caller holds them, brought into the form that a network sees, and their standardisation."""

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.validation.arrays import check_finite, check_shapes

Scaling = Literal["feature", "global", "none"]
SCALINGS = ("feature", "global", "none")
ROUNDING = 8 * np.finfo(np.float64).eps  # of a constant that was computed in more ways than one


class Split(NamedTuple):
    """Training points x (N, d), y (N, C) and test points x_test (N_T, d), y_test (N_T, C), float64."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def as_arrays(x: Any, y: Any, x_test: Any, y_test: Any) -> Split:
    """NumPy arrays, pandas objects or lists as float64 arrays, with no scaling.

    Inputs (N, ...) are flattened to (N, d). Targets (N, C) stay as they are, real ones (N,) become (N, 1), and integer
    or boolean ones (N,) are class labels: one-hot minus 1/C, with the C different labels of training and test together,
    in increasing order. ReplicationError for values that are no finite numbers, shapes that do not match, pandas
    objects whose indices or columns do not, labels on one side only, and a single class.
    """
    _check_pandas(x, y, x_test, y_test)
    inputs, test_inputs = _inputs("x", x), _inputs("x_test", x_test)
    targets, test_targets = _numbers("y", y), _numbers("y_test", y_test)
    for name, array in (("y", targets), ("y_test", test_targets)):
        if array.ndim not in (1, 2) or 0 in array.shape:
            raise ReplicationError(f"{name} of shape {array.shape}", "give it the shape (N,) or (N, C)")
    labelled = [_are_labels(array) for array in (targets, test_targets)]
    if all(labelled):
        targets, test_targets = _one_hot(targets, test_targets)
    elif any(labelled):
        problem = f"y of type {targets.dtype} and y_test of type {test_targets.dtype}"
        raise ReplicationError(problem, "give integers for both if they are class labels, floats if they are not")
    arrays = Split(inputs, _columns(targets), test_inputs, _columns(test_targets))
    axes = ("N d", "N C", "N_T d", "N_T C")
    check_shapes(**dict(zip(Split._fields, zip(arrays, axes, strict=True), strict=True)))
    check_finite(**arrays._asdict())
    return arrays


def standardise(x: Any, y: Any, x_test: Any, y_test: Any, inputs: Scaling = "feature") -> Split:
    """Inputs and targets in units of their standard deviation over the training points, about their mean there.

    x -> (x - mean) / std: with `inputs` "feature" each feature by its own mean and standard deviation, with "global"
    all by one, which keeps the relations between pixels, and with "none" not at all. Real targets column by column;
    class labels become one-hot minus 1/C and are not scaled. Test points are scaled as the training points are.

    x (N, ...), y (N,) or (N, C), x_test and y_test likewise with N_T points. Returns float64 arrays x (N, d), y (N, C),
    x_test (N_T, d), y_test (N_T, C). ReplicationError for shapes that do not match, values that are not finite
    numbers, and what is constant over the training points.

    >>> x, y, x_test, y_test = standardise([[1.0], [3.0]], [0, 1], [[2.0]], [2])
    >>> x.tolist(), x_test.tolist(), y_test.round(3).tolist()
    ([[-1.0], [1.0]], [[0.0]], [[-0.333, -0.333, 0.667]])
    """
    if inputs not in SCALINGS:
        raise ReplicationError(f"no scaling {inputs!r} of the inputs", f"choose one of {', '.join(SCALINGS)}")
    arrays = as_arrays(x, y, x_test, y_test)
    centre, width = _location_and_scale(arrays.x, inputs)
    middle, spread = (0.0, 1.0) if _are_labels(_numbers("y", y)) else _of_targets(arrays.y)
    if not all(np.all(np.isfinite(scale) & (np.asarray(scale) > 0)) for scale in (width, spread)):
        problem = "values too large or too small for their variance to be a number"
        raise ReplicationError(problem, "give them in other units")
    return Split(
        (arrays.x - centre) / width,
        (arrays.y - middle) / spread,
        (arrays.x_test - centre) / width,
        (arrays.y_test - middle) / spread,
    )


def constant_columns(x: np.ndarray) -> np.ndarray:
    """Which columns of x (N, d) have a spread within rounding of their size: what would be scaled there is noise."""
    with np.errstate(over="ignore"):
        return np.flatnonzero(np.ptp(x, axis=0) <= ROUNDING * np.abs(x).max(axis=0))


def number_of_classes(targets: Any) -> int:
    """How many classes targets (N,) of integers or booleans name; 0 for any other."""
    array = _numbers("targets", targets)
    return len(np.unique(array)) if _are_labels(array) else 0


def _are_labels(targets: np.ndarray) -> bool:
    return targets.ndim == 1 and targets.dtype.kind in "iub"


def _location_and_scale(x: np.ndarray, scaling: Scaling) -> tuple[Any, Any]:
    if scaling == "none":
        return 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if scaling == "feature":
            constant = constant_columns(x)
            if len(constant):
                problem = f"{_named_columns('inputs', constant)} constant over the training points"
                raise ReplicationError(problem, "drop what is constant, or scale all inputs as one, `global`")
            return x.mean(axis=0), x.std(axis=0)
        if len(constant_columns(x.reshape(-1, 1))):
            raise ReplicationError("the inputs of the training points are all the same", "give other points")
        return x.mean(), x.std()


def _of_targets(y: np.ndarray) -> tuple[Any, Any]:
    constant = constant_columns(y)
    if len(constant):
        problem = f"{_named_columns('targets', constant)} constant over the training points"
        raise ReplicationError(problem, "there is nothing to learn; drop what is constant, or give more points")
    with np.errstate(over="ignore", invalid="ignore"):
        return y.mean(axis=0), y.std(axis=0)


def _one_hot(labels: np.ndarray, test_labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    classes = np.unique(np.concatenate([labels, test_labels]))
    if len(classes) < 2:
        raise ReplicationError(
            f"the targets hold one class, {classes[0]}", "there is nothing to learn; give floats if they are no labels"
        )
    first, second = ((some[:, None] == classes).astype(np.float64) - 1 / len(classes) for some in (labels, test_labels))
    return first, second


def _inputs(name: str, given: Any) -> np.ndarray:
    array = _numbers(name, given)
    if array.ndim < 2 or 0 in array.shape:
        hint = f"; a single feature is {name}[:, None]" if array.ndim == 1 else ""
        raise ReplicationError(f"{name} of shape {array.shape}", f"give it the shape (N, d) or (N, ...){hint}")
    return array.reshape(len(array), -1).astype(np.float64)


def _columns(targets: np.ndarray) -> np.ndarray:
    return targets.reshape(len(targets), -1).astype(np.float64)


def _numbers(name: str, given: Any) -> np.ndarray:
    """An array of real numbers of any type."""
    try:
        if isinstance(given, pd.DataFrame | pd.Series | pd.Index):
            given = _of_pandas(name, given)
        elif isinstance(given, np.ma.MaskedArray) and np.ma.getmaskarray(given).any():
            raise ReplicationError(f"{name} holds masked values", "drop or fill them")
        array = np.asarray(given)
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ReplicationError(f"{name} is no array of numbers ({reason})", "give NumPy or pandas floats") from None
    if array.dtype.kind not in "fiub":
        raise ReplicationError(
            f"{name} holds {array.dtype}, not numbers", "give floats, or integers from 0 on as class labels"
        )
    return array


def _of_pandas(name: str, given: Any) -> np.ndarray:
    if isinstance(given, pd.DataFrame):
        return given.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(given.dtype, pd.CategoricalDtype):
        raise ReplicationError(f"{name} is categorical", f"give its integers, {name}.cat.codes")
    whole = pd.api.types.is_integer_dtype(given.dtype) or pd.api.types.is_bool_dtype(given.dtype)
    if whole and not given.isna().any():
        return given.to_numpy(dtype=np.int64)
    return given.to_numpy(dtype=np.float64, na_value=np.nan)


def _check_pandas(x: Any, y: Any, x_test: Any, y_test: Any) -> None:
    """Rows are taken by their place: what pandas would align by index must be in the same order already."""
    for (first, second), inputs, targets in ((("x", "y"), x, y), (("x_test", "y_test"), x_test, y_test)):
        both = isinstance(inputs, pd.DataFrame) and isinstance(targets, pd.DataFrame | pd.Series)
        if both and len(inputs) == len(targets) and not inputs.index.equals(targets.index):
            raise ReplicationError(
                f"{first} and {second} have different indices", f"align them, as in {second}.loc[{first}.index]"
            )
    for (first, second), some, others in ((("x", "x_test"), x, x_test), (("y", "y_test"), y, y_test)):
        both = isinstance(some, pd.DataFrame) and isinstance(others, pd.DataFrame)
        if both and some.shape[1] == others.shape[1] and not some.columns.equals(others.columns):
            raise ReplicationError(
                f"{first} and {second} have different columns", f"give the same, as in {second}[{first}.columns]"
            )


def _named_columns(name: str, which: np.ndarray) -> str:
    shown = ", ".join(map(str, which[:5])) + (", ..." if len(which) > 5 else "")
    return (
        f"column {shown} of the {name} is" if len(which) == 1 else f"{len(which)} columns of the {name} ({shown}) are"
    )
