"""Blocks as Markdown and HTML."""

import html
from collections.abc import Sequence

from local.foundry.ocr.page import TextBlock

Rows = Sequence[Sequence[str]]


def text(block: TextBlock) -> str:
    """A heading with its marks, any other text as it is."""
    return f"{'#' * block.level} {block.text}" if block.level else block.text


def link(name: str, picture: bool) -> str:
    """A reference to a figure or table by its id."""
    return f"{'!' if picture else ''}[{name}]({name})"


def pipe_table(rows: Rows) -> str:
    """A table with pipes, the first row as its head."""
    head, *body = ([_cell(cell) for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def html_table(rows: Rows) -> str:
    """A table element, the first row as its head."""
    head, *body = rows
    return f"<table>{_html_row(head, 'th')}{''.join(_html_row(row, 'td') for row in body)}</table>"


def _cell(content: str) -> str:
    return content.replace("|", "\\|").replace("\n", " ")


def _html_row(row: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)}</tr>"
