"""Teacher and student of arXiv 2102.06701: inputs uniform in a cube of d dimensions, random finite networks on them."""

from typing import NamedTuple

import numpy as np

from replication.network import MLP, forward, initial_weights
from replication.seeds import generator


def uniform_hypercube(points: int, dimension: int, stream: np.random.Generator) -> np.ndarray:
    """Inputs (points, dimension) uniform in [-1, 1]^d; the first n are the same whatever the number of points."""
    return stream.uniform(-1, 1, (points, dimension))


class TeacherStudentData(NamedTuple):
    """Training inputs (N, d) and test inputs (N_T, d), and the outputs of the teachers there, one in each column."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def teacher_student_data(
    spec: MLP, dimension: int, size: int, test_size: int, teachers: int, width: int, seed: int, draw: int
) -> TeacherStudentData:
    """Inputs and teachers of one draw, from streams of their own; teachers are the same whatever their number."""
    name = "teacher and student", dimension, draw
    x, test_x = (
        uniform_hypercube(points, dimension, generator(seed, *name, part))
        for points, part in ((size, "training inputs"), (test_size, "test inputs"))
    )
    networks = [
        initial_weights(spec, dimension, width, 1, generator(seed, *name, "teacher", teacher))
        for teacher in range(teachers)
    ]
    y, test_y = (np.hstack([forward(spec, weights, points) for weights in networks]) for points in (x, test_x))
    return TeacherStudentData(x, y, test_x, test_y)
