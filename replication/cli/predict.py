"""`python -m replication predict`: eps_L of the user's own network and data, without training one."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def predict(
    data: Annotated[
        Path, typer.Argument(help="A table (.csv, .tsv, .parquet, .feather, .h5) or arrays (.npz, .npy, .h5).")
    ],
    target: Annotated[
        str, typer.Option(help="Column of the targets in a table; of an .npy file the file of the targets.")
    ] = "",
    inputs: Annotated[
        str, typer.Option(help="Columns of the inputs, as shell patterns: 'cell_*,angle'. [default: all others]")
    ] = "",
    kind: Annotated[
        Literal["auto", "classes", "regression", "one_hot"], typer.Option(help="What the targets are.")
    ] = "auto",
    depth: Annotated[int, typer.Option(min=1, max=1000, help="Hidden layers.")] = 3,
    activation: Annotated[Literal["relu", "erf"], typer.Option(help="Of every hidden layer.")] = "relu",
    weight_variance: Annotated[float, typer.Option(min=1e-6, max=1e6, help="C_W; 2 is critical for ReLU.")] = 2.0,
    bias_variance: Annotated[float, typer.Option(min=0.0, max=1e6, help="C_b.")] = 0.0,
    training_sizes: Annotated[
        str, typer.Option(help="Such as 64,128,256. [default: doubling up to half the pool]")
    ] = "",
    test_points: Annotated[
        int, typer.Option(min=0, help="Held out for the loss. [default: a fifth, at most 1000]")
    ] = 0,
    draws: Annotated[int, typer.Option(min=1, max=1000, help="Training sets, whose scatter gives the intervals.")] = 3,
    width: Annotated[
        int, typer.Option(min=0, help="Also of networks with so many neurons in one hidden layer, to order 1/n; 0: no.")
    ] = 0,
    plot: Annotated[bool, typer.Option("--plot", help="Draw eps_L against 1/n, with --width.")] = False,
    output_scale: Annotated[
        str, typer.Option(help="By which outputs are multiplied; matched: their scatter is that of the targets.")
    ] = "1",
    centred: Annotated[bool, typer.Option("--centred", help="Subtract the outputs at initialisation.")] = False,
    steps: Annotated[
        int, typer.Option(min=0, help="Also after so many gradient descent steps; 0: converged only.")
    ] = 0,
    learning_rate_fraction: Annotated[
        float, typer.Option(min=1e-6, max=0.999999, help="Of the largest stable step, for --steps.")
    ] = 0.5,
    scaling: Annotated[
        Literal["feature", "global", "none"], typer.Option(help="Standardise each feature, all inputs as one, or not.")
    ] = "feature",
    engine: Annotated[Literal["closed_form", "neural_tangents"], typer.Option(help="What evaluates the kernels.")] = (
        "closed_form"
    ),
    linear_algebra: Annotated[Literal["scipy", "jax"], typer.Option(help="jax: on a GPU if there is one.")] = "scipy",
    on_disk: Annotated[
        Path | None, typer.Option(help="A folder for kernels beyond memory: 4 N^2 bytes for each method.")
    ] = None,
    diag_reg: Annotated[float, typer.Option(min=0.0, help="Added to the kernel, relative to its diagonal.")] = 0.0,
    singular_diag_reg: Annotated[float, typer.Option(min=0.0, help="Instead, where the kernel is singular.")] = 1e-10,
    confidence: Annotated[float, typer.Option(min=0.01, max=0.999, help="Of every interval.")] = 0.68,
    seed: Annotated[int, typer.Option(min=0, help="Of test set and training sets.")] = 0,
    output: Annotated[Path, typer.Option(help="Folder for the table and the figure.")] = Path("predictions"),
    format: Annotated[
        Literal["text", "json"], typer.Option(help="What is printed: words, or one JSON object.")
    ] = "text",
) -> None:
    """Say how uncertain a network's test loss is because its initialisation is random: eps_L = sigma_L / mu_L.

    The network is a multilayer perceptron in NTK parametrisation and infinitely wide, trained by gradient descent on
    the mean squared error; nothing is trained, the law of its test loss is computed. A table's first line names its
    columns; .npz and .h5 files hold `inputs` (N, ...) and `targets` (N,) or (N, C). Names, and integers of at most
    twenty values, are taken for class labels, which is said; --kind says otherwise.
    Examples: python -m replication predict showers.csv --target energy --inputs 'cell_*'
    python -m replication predict my.npz --depth 2 --training-sizes 128,256,512,1024
    """
    # libraries load only when the command runs, not for --help
    from replication.cli import surroundings

    surroundings.neutral()
    import replication as rep
    from replication.cli import own_table, prediction, written
    from replication.own_data.reading import named

    if plot and not width:
        raise rep.ReplicationError("--plot without a width", "name one, as in --width 1024")
    scale = prediction.number_or_matched(output_scale)
    network = rep.MLP(depth, activation, weight_variance, bias_variance, scale, centred)
    data_set = own_table.prepare(data, target, inputs, kind, scaling, test_points, training_sizes, seed)
    with named(data):
        exact = rep.learning_curve(
            network, *data_set.points, training_sizes=data_set.sizes, steps=steps or None,
            learning_rate_fraction=learning_rate_fraction, draws=draws, seed=seed, confidence=confidence, engine=engine,
            linear_algebra=linear_algebra, diag_reg=diag_reg, singular_diag_reg=singular_diag_reg, folder=on_disk,
            task=data_set.name, progress=True,
        )  # fmt: skip
        finite = None
        if width:
            finite = rep.finite_width_correction(network, *data_set.points, data_set.sizes, widths=[width], seed=seed)
    curves = rep.average_over_draws(exact, confidence)
    said = prediction.explanation(exact, curves, data_set, confidence)
    if finite is not None:
        said += "\n" + prediction.at_width(finite, width)
    files = written.write(output, data_set.name, exact, curves, finite, confidence, plot)
    if format == "json":
        typer.echo(written.as_json(data_set, curves, finite, files))
    else:
        typer.echo("\n".join([said, *(f"written: {file}" for file in files)]))
