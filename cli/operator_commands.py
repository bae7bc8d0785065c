"""`darkroom status`, `darkroom replay` and `darkroom drain`: what whoever runs Darkroom asks for."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.errors import WrongUseError
from cli.flags import Account, AsJson, State, folder, named

Kind = Annotated[Literal["ocr", "image", "embedding", "rejected"] | None, typer.Option(help="Only those of a kind.")]


def status(
    job: Annotated[
        str | None,
        typer.Argument(metavar="JOB", help="A job id, a document such as documents/q3.pdf, or a result folder."),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="List no more jobs than this.")] = 20,
    account: Account = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Tell how all jobs stand and what the queues hold, or how one job stands and why.

    Without a JOB: a count by kind and state, the newest jobs that failed or have not ended with age, attempts and
    reason, and the queues. With --json one object, of a JOB its record.
    """
    from cli import status as told
    from cli.account import of_either
    from cli.showing import in_json, in_words
    from shared.services import utc_now

    storage = of_either(account, state)
    if job is None:
        found = told.overview(storage, utc_now(), limit)
        in_json(found.as_json()) if as_json else in_words(*told.overview_lines(found))
        return
    for one in told.of(storage, job, utc_now()):
        in_json(told.record_json(one)) if as_json else in_words(*told.details(one))


def replay(
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB", help="Job ids, documents such as documents/q3.pdf, or result folders."),
    ] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Every job that failed.")] = False,
    kind: Kind = None,
    code: Annotated[str | None, named("CODE", "Only those that failed with this, such as gave_up.")] = None,
    since: Annotated[str | None, named("TIME", "Only those that ended since: 2h, 3d or 2026-11-20.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be put back; post nothing.")] = False,
    account: Account = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Put failed jobs back on their queues, to be tried anew; what is already paid is not paid again.

    Name them, or take all that --failed and its filters choose. The ids of the jobs that are put back go to stdout, a
    line each; with --json an object for each job. A call for a picture that was never answered may cost once more.
    """
    from cli.account import of_either
    from cli.replay import Chosen, replay_and_report

    chosen = Chosen.checked(jobs or [], failed=failed, kind=kind, code=code, since=since)
    raise typer.Exit(replay_and_report(of_either(account, state), chosen, dry_run=dry_run, as_json=as_json))


def drain(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Such as ocr-jobs-poison.")],
    *,
    bodies: Annotated[bool, typer.Option("--bodies", help="Show what the messages say, too.")] = False,
    save: Annotated[Path | None, folder("Write each message to a file in DIR, and then delete it.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the messages without keeping them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    any_queue: Annotated[bool, typer.Option("--any", help="Empty a queue that is no poison queue.")] = False,
    account: Account = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Show what lies in a queue, and empty a poison queue by hand.

    Looking changes nothing. With --save the files' names go to stdout, a line each; with --json an object for each
    message.
    """
    from cli.account import of_either
    from cli.drain import Drain, checked

    if save is not None and delete:
        raise WrongUseError("Give either --save or --delete.")
    storage = of_either(account, state)
    checked(storage, queue, empties=save is not None or delete, any_queue=any_queue)
    work = Drain(storage, queue, bodies=bodies, as_json=as_json)
    if save is not None:
        work.save(save)
    elif delete:
        if not yes:
            typer.confirm(f"Delete all messages of {queue} for good?", abort=True, err=True)
        work.delete()
    else:
        work.show()
