"""The image job: what may be posted on `image-jobs`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.messages import NamedJob

BlobName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{3,63}/[\s\S]+$", max_length=1100)]


class ImageJob(NamedJob):
    """A message on `image-jobs`: make pictures from a prompt, or edit pictures.

    What a model does not take is refused before anything is paid; what is left out is left to the service's default.
    """

    prompt: str = Field(min_length=1, max_length=40_000, description="What is to be seen, or changed.")
    operation: Literal["generate", "edit"] = Field("generate", description="Make new pictures, or edit given ones.")
    model: str | None = Field(None, description="Image deployment; the setting DARKROOM_IMAGE_MODEL when absent.")
    n: int = Field(1, ge=1, le=10, description="How many pictures.")
    size: str | None = Field(None, pattern=r"^(auto|\d{2,5}x\d{2,5})$", description="`1024x1024`, or `auto`.")
    quality: str | None = Field(
        None, max_length=20, description="Such as `low`, `medium` or `high`, as the model has it."
    )
    background: Literal["transparent", "opaque", "auto"] | None = Field(
        None, description="Transparency of the background."
    )
    output_format: Literal["png", "jpeg", "webp"] | None = Field(None, description="Kind of file; PNG when absent.")
    output_compression: int | None = Field(None, ge=0, le=100, description="Quality of a JPEG, in per cent.")
    moderation: Literal["auto", "low"] | None = Field(None, description="How strict the content filter is.")
    style: Literal["vivid", "natural"] | None = Field(None, description="DALL·E 3: lively or natural.")
    response_format: Literal["url", "b64_json"] | None = Field(
        None, description="DALL·E 3: how the picture is handed over."
    )
    user: str | None = Field(
        None, max_length=200, description="An opaque id of the end user, for the service's abuse checks."
    )
    stream: bool | None = Field(None, description="Stream the answer.")
    partial_images: int | None = Field(None, ge=0, le=3, description="Unfinished pictures to keep while streaming.")
    images: tuple[BlobName, ...] | None = Field(
        None, min_length=1, max_length=16, description="The pictures to edit, as `container/name`."
    )
    mask: BlobName | None = Field(
        None, description="A PNG whose transparent pixels say where the first picture may change."
    )
    input_fidelity: Literal["high", "low"] | None = Field(None, description="How closely an edit keeps to its inputs.")

    @model_validator(mode="after")
    def _edit_has_pictures(self) -> "ImageJob":
        if not self.prompt.strip():
            raise ValueError("the prompt is empty")
        if self.operation == "edit" and not self.images:
            raise ValueError("an edit names the pictures to edit in `images`")
        only_edits = [name for name in ("images", "mask", "input_fidelity") if getattr(self, name) is not None]
        if self.operation == "generate" and only_edits:
            raise ValueError(f"{only_edits[0]} belongs to an edit; set operation to edit")
        return self
