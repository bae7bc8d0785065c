"""What an answer with vectors may take of memory."""

from pathlib import Path

import pytest

from shared.clients.embeddings import answered
from shared.errors import TooLarge


def test_an_answer_above_the_limit_is_too_large_and_not_read(tmp_path: Path) -> None:
    """It would be whole in memory, and its numbers again."""
    path = tmp_path / "answer"
    with path.open("wb") as file:
        file.truncate(192 * 1024 * 1024 + 1)
    with pytest.raises(TooLarge, match="above 192 MB"):
        answered(path)
