"""What of a profile's training is done, in the terminal."""

from collections.abc import Iterator

from replication.finite_width.ensemble import Ensemble
from replication.settings.profile import Profile
from replication.stages.status import StageProgress, progress


def lines_of_status(name: str, profile: Profile, chunks: bool) -> Iterator[str]:
    """Of every task and stage that trains: members that are stored; with `chunks` those of each ensemble."""
    yield name
    for task in progress(name, profile):
        for stage in task.stages:
            yield f"  {f'{stage.stage} {task.task}':<30} {_progress_in_words(stage)}"
            for one in stage.ensembles if chunks else ():
                held = ", ".join(f"{chunk.start}-{chunk.stop - 1}" for chunk in one.chunks) or "none"
                yield f"    {_ensemble_in_words(one.ensemble):<70} {one.done:>4} of {one.members}: {held}"
        for path in task.damaged:
            yield f"  {path} is damaged: its members will be trained again"
        if task.others:
            yield f"  {task.others} more chunks of {task.task} are of other settings, data or code"


def _progress_in_words(stage: StageProgress) -> str:
    table = "table written" if stage.written else "no table yet"
    if stage.unknown:
        return f"{table}; members not counted: {stage.unknown}"
    done, asked = (sum(getattr(one, name) for one in stage.ensembles) for name in ("done", "members"))
    files = sum(len(one.chunks) for one in stage.ensembles)
    return f"{table}; {done:,} of {asked:,} members in {files} chunks of {len(stage.ensembles)} ensembles"


def _ensemble_in_words(ensemble: Ensemble) -> str:
    network, training = ensemble.network, ensemble.training
    return (
        f"{ensemble.method}, width {ensemble.width}, N_D {ensemble.training_size}, depth {network.depth}, "
        f"{network.activation}, {training.algorithm}, {training.parametrisation}"
    )
