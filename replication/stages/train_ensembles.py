"""Stage: train the ensembles of finite width; keep training and test loss of every member."""

from functools import partial

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.settings import FiniteWidth, MLPSpec, Task, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place

DRAW = 0  # the training-set draw that is trained on
BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed} elapsed, {remaining} left, {postfix}"


def train_ensembles(
    place: Place, seed: int, source: Task, network: MLPSpec, training: Training, finite_width: FiniteWidth
) -> None:
    """Train ensembles at finite width with the learning rates of the infinite-width prediction."""
    # TensorFlow takes seconds to import: not before the settings are known to be valid
    from replication.finite_width.devices import configure_devices
    from replication.finite_width.ensemble import train_ensemble
    from replication.finite_width.member_store import MemberStore

    configure_devices()
    dataset = prepared.read(place.prepared)
    preprocessing = Preprocessing.of(dataset)
    order = training_order(source.pool_size, finite_width.training_sizes[-1], seed, place.task, DRAW)
    x, y = preprocessing.training(dataset, order)
    test = preprocessing.test(dataset)
    rates = learning_rates(files.read_table(place.results("infinite_width", f"{place.task}.csv")), training.steps)
    store = MemberStore(
        place.scratch,
        **{"seed": seed, "task": place.task, "network": network.model_dump(), "steps": training.steps},
        **{"x": x, "y": y, "test_x": test[0], "test_y": test[1]},
    )
    ensembles = [(width, size) for width in finite_width.widths for size in finite_width.training_sizes]
    members = range(finite_width.members)
    # one unit of work is a member-step times training size times width: what a step costs, roughly
    work = {(width, size): width * size * training.steps for width, size in ensembles}
    tables = []
    with tqdm(
        total=sum(work.values()) * len(members), desc=f"training, {place.task}", disable=None, bar_format=BAR
    ) as bar:
        for width, size in ensembles:
            key = {"width": width, "training_size": size, "members": len(members), "learning_rate": rates[size]}
            losses = store.load(**key)
            if losses is None:
                bar.set_postfix_str(f"width {width}, N_D {size}")
                data = (x[:size], y[:size], *test)
                report = partial(_advance, bar, width * size)
                losses = train_ensemble(
                    network, width, members, seed, place.task, *data, rates[size], training.steps, on_progress=report
                )
                store.save(losses, **key)
            else:
                bar.update(work[width, size] * len(members))
            tables.append(_table(place.task, source.source, width, size, training.steps, rates[size], losses))
    files.write_table(place.results("members", f"{place.task}.csv"), pd.concat(tables, ignore_index=True))


def _advance(bar, work, member_steps):
    bar.update(member_steps * work)


def learning_rates(infinite_width: pd.DataFrame, steps: int) -> dict[int, float]:
    """Learning rate for each training size, from the infinite-width prediction on the same training sets."""
    rows = infinite_width[(infinite_width["draw"] == DRAW) & (infinite_width["training_time"] == steps)]
    return dict(zip(rows["training_size"], rows["learning_rate"], strict=True))


def _table(task, source, width, size, steps, learning_rate, losses):
    return pd.DataFrame(
        {
            "task": task,
            "source": source,
            "method": "trained",
            "width": width,
            "training_size": size,
            "draw": DRAW,
            "training_time": steps,
            "learning_rate": learning_rate,
            "member": np.arange(len(losses.test_loss)),
            "training_loss": losses.training_loss,
            "test_loss": losses.test_loss,
        }
    )


if __name__ == "__main__":
    run(train_ensembles)
