"""The page about the command is what the command says of itself."""

from pathlib import Path

from cli.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "command.md"


def test_the_page_is_up_to_date() -> None:
    """A command, an option, an exit status or a field of the JSON that changes, changes the page.

    Write it anew with `python -m cli.reference > docs/command.md`.
    """
    assert PAGE.read_text(encoding="utf-8") == reference()
