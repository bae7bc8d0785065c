"""What embedding will take, told before it is paid."""

import codecs
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.embed_inputs import Named
from cli.embed_jobs import AskedVectors, model_of
from cli.outcome import counted
from shared.chunks import chunks, tokens
from shared.embedding_catalog import EmbeddingModel, used_usd
from shared.embedding_pictures import fit
from shared.errors import Invalid, Permanent
from shared.messages import EmbeddingUsage
from shared.pipelines.picture_blobs import named


@dataclass
class Estimate:
    """What is known of jobs before: `refused` are sentences about what cannot be embedded, `prepared` about pictures.

    `elsewhere` are inputs in storage, which are not looked into. Tokens are rather too many than too few.
    """

    inputs: int = 0
    elsewhere: int = 0
    texts: int = 0
    chunks: int = 0
    tokens: int = 0
    pictures: int = 0
    prepared: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def sentences(self, model: EmbeddingModel) -> Iterator[str]:
        """What is to be told, a sentence a line."""
        yield from self.prepared
        yield from self.refused
        told = [
            counted(self.texts, "text") + f" in {counted(self.chunks, 'chunk')}, about {self.tokens:,} tokens",
            counted(self.pictures, "picture"),
            f"{self.elsewhere} in storage, not looked into",
        ]
        counts = (self.texts, self.pictures, self.elsewhere)
        parts = "; ".join(part for part, count in zip(told, counts, strict=True) if count)
        yield f"{counted(self.inputs, 'input')}: {parts}." if parts else f"{counted(self.inputs, 'input')}."
        calls = math.ceil(self.chunks / model.texts_a_call) + self.pictures
        others = ", and those for what is in storage" if self.elsewhere else ""
        yield f"About {counted(calls, 'call')} of {model.name}{others}. {self._price(model)}"

    def _price(self, model: EmbeddingModel) -> str:
        texts = used_usd(model, EmbeddingUsage(text_tokens=self.tokens, image_tokens=0, images=0))
        image_tokens = None if self.pictures else 0  # nobody tells how many a picture has
        whole = used_usd(
            model, EmbeddingUsage(text_tokens=self.tokens, image_tokens=image_tokens, images=self.pictures)
        )
        if whole is not None and not self.elsewhere:
            return f"Estimated price: about {whole:.6f} USD."
        if texts is None or not self.texts:
            return "Estimated price: unknown."
        return f"Estimated price: about {texts:.6f} USD for the texts; what the rest costs is unknown."


def lines(jobs: Sequence[AskedVectors]) -> tuple[list[str], bool]:
    """What jobs will take and cost, in sentences, and whether all can be done as far as is known."""
    known = model_of(jobs[0].job.model)
    if known is None:
        return [f"The model {jobs[0].job.model} is not known here: what it takes and costs cannot be told."], True
    found = estimate(jobs, known[0])
    return list(found.sentences(known[0])), not found.refused


def estimate(jobs: Sequence[AskedVectors], model: EmbeddingModel) -> Estimate:
    """Look at everything that is on this machine, as the app will."""
    found = Estimate()
    with tempfile.TemporaryDirectory() as folder:
        for job in jobs:
            for one in job.named:
                found.inputs += 1
                try:
                    _add(found, one, model, Path(folder, "picture.png"), truncate=job.job.truncate)
                except Permanent as error:
                    found.refused.append(error.message)
    return found


def _add(found: Estimate, one: Named, model: EmbeddingModel, scratch: Path, *, truncate: bool) -> None:
    if one.input.image is not None and isinstance(one.upload, Path):
        with named(f"The picture {one.upload}"):
            _, done = fit(one.upload, scratch, model)
        found.pictures += 1
        found.prepared += [f"The picture {one.upload} is {done} before it is sent."] if done else []
        return
    text = _text(one)
    if text is None:
        found.elsewhere += 1
        return
    pieces = chunks(text, model.text_tokens)[: 1 if truncate else None]
    if not pieces:
        raise Invalid(f"The text {one.place} cannot be used: it is empty.", code="empty_text")
    found.texts += 1
    found.chunks += len(pieces)
    found.tokens += sum(tokens(piece.text) for piece in pieces)


def _text(one: Named) -> str | None:
    """The text of an input, None where it lies in storage."""
    if one.input.text is not None or one.upload is None:
        return one.input.text
    content = one.upload if isinstance(one.upload, bytes) else one.upload.read_bytes()
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        message = f"The text {one.place} cannot be used: it is not UTF-8 text (at byte {error.start})."
        raise Invalid(message, code="not_text") from None
