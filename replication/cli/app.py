"""The command `replication`: look after the settings, read the verdicts, predict for one's own data."""

from pathlib import Path
from typing import Annotated

import typer

from replication.cli.dvc_state import check_dvc_state
from replication.cli.predict import predict
from replication.cli.verdicts import lines_of_verdicts, lines_so_far, markdown_of_verdicts
from replication.errors import ReplicationError, optional_parts
from replication.settings.profile import Profile, Settings
from replication.settings.reading import check_pipeline, profile_named, read_settings

app = typer.Typer(
    help="Replicates arXiv 2503.05938 and 2102.06701 from data to verdict. The pipeline itself runs with `dvc repro`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Params = Annotated[Path, typer.Option(help="The settings file.")]


@app.command()
def check(
    params: Params = Path("params.yaml"),
    profile: Annotated[str | None, typer.Option(help="A profile that must be there.")] = None,
) -> None:
    """Validate the settings and what DVC keeps, and say in a line per profile what is asked for."""
    settings = read_settings(params)
    _check_sizes(settings, params)
    _check_pipelines(settings, params.parent)
    check_dvc_state(params.parent)
    if profile is not None:
        profile_named(settings, profile)
    for name, section in settings.profiles.items():
        typer.echo(f"{name}: {_in_words(section)}")


@app.command()
def verdicts(
    profile: Annotated[str, typer.Argument(help="A profile that has run.")] = "quick",
    params: Params = Path("params.yaml"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables, as in the README.")] = False,
    so_far: Annotated[bool, typer.Option("--so-far", help="On the tasks that are done, while others run.")] = False,
) -> None:
    """Print the verdict on each claim and the path of the report."""
    settings = profile_named(read_settings(params), profile)
    if so_far:
        lines = lines_so_far(profile, settings, markdown)
    else:
        lines = (markdown_of_verdicts if markdown else lines_of_verdicts)(profile)
    for line in lines:
        typer.echo(line)


@app.command()
def verify(
    profile: Annotated[str, typer.Argument(help="A profile that has run.")] = "quick",
    params: Params = Path("params.yaml"),
    update: Annotated[bool, typer.Option("--update", help="Write the reference from the results.")] = False,
    elsewhere: Annotated[
        list[Path] | None, typer.Option(help="With --update: results of other processors, for the tolerances.")
    ] = None,
) -> None:
    """Compare the results with reference/PROFILE.csv; a number that moved is exit status 1."""
    from replication.cli.verify import updated, verified

    profile_named(read_settings(params), profile)
    good, lines = (True, updated(profile, elsewhere or ())) if update else verified(profile)
    for line in lines:
        typer.echo(line)
    if not good:
        raise typer.Exit(1)


app.command()(predict)


@app.command()
def status(
    profile: Annotated[str | None, typer.Argument(help="A profile of params.yaml; without it, all of them.")] = None,
    params: Params = Path("params.yaml"),
    chunks: Annotated[bool, typer.Option("--chunks", help="Every ensemble, and the members in each chunk.")] = False,
) -> None:
    """Show how many members of every ensemble are trained; what is there is not trained again."""
    from replication.stages.status import lines

    settings = read_settings(params)
    if profile is not None:
        profile_named(settings, profile)
    for name in [profile] if profile else settings.profiles:
        typer.echo(name)
        for line in lines(name, settings.profiles[name], chunks):
            typer.echo(line)


def _check_sizes(settings: Settings, params: Path) -> None:
    """Refuse more points than a data set has."""
    from replication.datasets.catalogue import check_sizes

    for name, section in settings.profiles.items():
        for task_name, task in section.tasks.items():
            try:
                check_sizes(task.dataset, task.pool_size, task.test_size)
            except ReplicationError as error:
                problem = f"{params}: profiles.{name}.tasks.{task_name}: {error.problem}"
                raise ReplicationError(problem, error.remedy) from None


def _check_pipelines(settings: Settings, folder: Path) -> None:
    """Refuse a pipeline of a profile that is not there, or of another than its folder's name."""
    for path in (folder / "dvc.yaml", *sorted(folder.glob("profiles/*/dvc.yaml"))):
        if path.exists() and check_pipeline(path, settings) not in ("quick", path.parent.name):
            raise ReplicationError(f"{path}: vars.profile is not {path.parent.name}", "run `make profiles`")


def _in_words(profile: Profile) -> str:
    sources = ", ".join(task.dataset for task in profile.tasks.values())
    exact, trained = profile.infinite_width, profile.finite_width
    widths, members = (" / ".join(map(str, numbers)) for numbers in (trained.widths, trained.members))
    return (
        f"{sources}; infinite width N_D {exact.training_sizes[0]} to {exact.training_sizes[-1]}, {exact.draws} draws; "
        f"{members} networks of width {widths}, N_D {trained.training_sizes[0]} to {trained.training_sizes[-1]}"
    )


def main() -> None:
    """Run a command; a ReplicationError is one line and exit status 1."""
    try:
        with optional_parts():
            app()
    except ReplicationError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None
