"""The documents say what the code does."""

import json
import re

import pytest

from shared.embedding_messages import EmbeddingJob
from shared.image_messages import ImageJob
from shared.messages import OcrJob
from tests.documentation import DOCUMENTS, ROOT, SCHEMAS, renewed, schema


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_tables_are_those_of_the_code(name: str) -> None:
    """`python -m tests.documentation` writes them anew."""
    text = (ROOT / name).read_text()
    assert renewed(text) == text


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_those_of_the_messages(name: str) -> None:
    """People check their messages against them."""
    assert (ROOT / name).read_text() == schema(SCHEMAS[name])


def test_the_examples_of_messages_are_messages() -> None:
    """Each is copied by somebody."""
    text = (ROOT / "docs" / "messages.md").read_text()
    examples = [json.loads(example) for example in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    for example in examples:
        message = OcrJob if "document" in example else EmbeddingJob if "inputs" in example else ImageJob
        message.model_validate(example)
    assert len(examples) >= 9


def test_every_relative_link_in_the_documents_leads_somewhere() -> None:
    """A newcomer follows them."""
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "samples" / "README.md"]:
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_every_make_target_and_command_that_the_readme_names_exists() -> None:
    """The README's commands are true today."""
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", readme):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
