"""`python -m replication`: look after the settings, read the verdicts, predict for one's own data."""

from pathlib import Path
from typing import Annotated

import typer

from replication.cli.predict import predict
from replication.errors import ReplicationError
from replication.settings.profile import Profile
from replication.settings.reading import check_pipeline, profile_named, read_settings

app = typer.Typer(
    help="Replicates arXiv 2503.05938 from data to verdict. The pipeline itself runs with `dvc repro`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Params = Annotated[Path, typer.Option(help="The settings file.")]


@app.command()
def check(
    params: Params = Path("params.yaml"),
    profile: Annotated[str | None, typer.Option(help="A profile that must be there, with its pipeline.")] = None,
) -> None:
    """Validate the settings and say in a line per profile what they ask for."""
    from replication.datasets.sources import check_sizes

    settings = read_settings(params)
    for name, section in settings.profiles.items():
        for task_name, task in section.tasks.items():
            try:
                check_sizes(task.dataset, task.pool_size, task.test_size)
            except ReplicationError as error:
                problem = f"{params}: profiles.{name}.tasks.{task_name}: {error.problem}"
                raise ReplicationError(problem, error.remedy) from None
    for own in sorted(params.parent.glob("profiles/*/params.yaml")):
        check_pipeline(own, settings)
    if profile is not None and profile not in settings.pipeline.profiles:
        profile_named(settings, profile)
        if not (params.parent / "profiles" / profile / "dvc.yaml").exists():
            problem = f"profile {profile!r} has no pipeline profiles/{profile}/dvc.yaml"
            raise ReplicationError(problem, "make its folder as the README shows")
    for name, section in settings.profiles.items():
        typer.echo(f"{name}: {_in_words(section)}")


@app.command()
def verdicts(
    profile: Annotated[str, typer.Argument(help="A profile that has run.")] = "quick",
    params: Params = Path("params.yaml"),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table, as in the README.")] = False,
) -> None:
    """Print the verdict on each claim and the path of the report."""
    import pandas as pd

    from replication.report.tables import to_markdown
    from replication.report.writer import overview
    from replication.stages import files
    from replication.stages.run_paths import RunPaths

    profile_named(read_settings(params), profile)
    paths = RunPaths(profile)
    tables = [files.read_table(paths.results(*path)) for path in (("verdicts.csv",), ("regimes", "verdicts.csv"))]
    if markdown:
        typer.echo("\n\n".join(to_markdown(overview(table)) for table in tables))
        return
    for (claim, statement), rows in pd.concat(tables).fillna("").groupby(["claim", "statement"], sort=False):
        typer.echo(f"{claim}  {statement}")
        for row in rows.itertuples():
            typer.echo(f"    {row.task + (f' ({row.dataset})' if row.dataset else ''):<28} {row.verdict}")
    typer.echo(f"\nreport: {paths.results('report.html')} (and report.md beside it)")


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


def _in_words(profile: Profile) -> str:
    sources = ", ".join(task.dataset for task in profile.tasks.values())
    exact, trained = profile.infinite_width, profile.finite_width
    return (
        f"{sources}; infinite width N_D {exact.training_sizes[0]} to {exact.training_sizes[-1]}, {exact.draws} draws; "
        f"widths {', '.join(map(str, trained.widths))}, N_D {trained.training_sizes[0]} to "
        f"{trained.training_sizes[-1]}, {trained.members} members, {profile.training.steps} steps"
    )


def main() -> None:
    """Run a command; a ReplicationError is one line and exit status 1."""
    try:
        app()
    except ReplicationError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None
