"""`python -m replication predict`: eps_L of the user's own network and data, without training one."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def predict(
    data: Annotated[Path, typer.Argument(help="A .npz file with `inputs` (N, ...) and `targets` (N,) or (N, C).")],
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
) -> None:
    """Say how uncertain a network's test loss is because its initialisation is random: eps_L = sigma_L / mu_L.

    The network is a multilayer perceptron in NTK parametrisation and infinitely wide, trained by gradient descent on
    the mean squared error; nothing is trained, the law of its test loss is computed. Integer targets are class labels.
    Example: python -m replication predict my.npz --depth 2 --training-sizes 128,256,512,1024
    """
    # libraries load only when the command runs, not for --help
    import replication as rep
    from replication import atomic
    from replication.cli.prediction import at_width, exhibits, explanation, number_or_matched, width_exhibits
    from replication.datasets import own_data

    if plot and not width:
        raise rep.ReplicationError("--plot without a width", "name one, as in --width 1024")
    network = rep.MLP(depth, activation, weight_variance, bias_variance, number_or_matched(output_scale), centred)
    arrays = own_data.read(data)
    with own_data.named(data):
        test_points, sizes = own_data.split_sizes(len(arrays.inputs), test_points, training_sizes)
        points = rep.standardise(*own_data.split(arrays, test_points, seed), inputs=scaling)
    exact = rep.learning_curve(
        network, *points, training_sizes=sizes, steps=steps or None, learning_rate_fraction=learning_rate_fraction,
        draws=draws, seed=seed, confidence=confidence, engine=engine, linear_algebra=linear_algebra, diag_reg=diag_reg,
        singular_diag_reg=singular_diag_reg, folder=on_disk, task=data.stem, progress=True,
    )  # fmt: skip
    curves = rep.average_over_draws(exact, confidence)
    typer.echo(explanation(exact, curves, arrays, test_points, confidence))
    if width:
        finite = rep.finite_width_correction(network, *points, sizes, widths=[width], seed=seed)
        typer.echo(at_width(finite, width))
    files = exhibits(data.stem, exact, curves, confidence)
    if width:
        files |= width_exhibits(data.stem, finite, with_figure=plot)
    for name, content in files.items():
        atomic.write(output / name, content)
        typer.echo(f"written: {output / name}")
