"""`darkroom doctor`: its options."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import WrongUseError
from cli.flags import Account, AsJson, State, named

if TYPE_CHECKING:
    from shared.names import BlobRef


def doctor(
    document: Annotated[
        str | None, typer.Argument(metavar="DOCUMENT", help="One to ask about too, such as documents/report.pdf.")
    ] = None,
    *,
    account: Account = None,
    app: Annotated[str | None, named("NAME", "Function app in Azure, looked into with the Azure CLI.")] = None,
    resource_group: Annotated[str | None, named("NAME", "Resource group of the function app.")] = None,
    spend: Annotated[bool, typer.Option("--spend", help="Allow the smallest call of each model that costs.")] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Find out why a file that was dropped became nothing.

    Every part of the installation is looked at: each line is right, wrong with what to do about it, unknown from here,
    or skipped. The status is 1 when anything is wrong. With --json an object a line goes to stdout.
    """
    if (app is None) != (resource_group is None) or (app is not None and account is None):
        raise WrongUseError("Give --account, --app and --resource-group together, or --account alone, or none.")
    from rich.console import Console

    from cli.doctor.az import Az
    from cli.doctor.azure import FunctionApp
    from cli.doctor.report import report

    ref = _document(document)
    if account is None:
        from cli.doctor.stack import stack_findings  # for Linux and macOS, where the local stack runs

        findings = stack_findings(state, ref, spend=spend)
    else:
        from cli.doctor.cloud import account_findings

        of_app = FunctionApp(Az(), app, resource_group) if app and resource_group else None
        findings = account_findings(account, of_app, ref, spend=spend)
    raise typer.Exit(report(findings, Console(stderr=True), as_json=as_json))


def _document(text: str | None) -> "BlobRef | None":
    from shared.errors import Invalid
    from shared.names import input_blob

    try:
        return None if text is None else input_blob(text)
    except Invalid as error:
        raise WrongUseError(error.message) from None
