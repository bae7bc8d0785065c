"""The embedding job: what may be posted on `embedding-jobs`."""

from typing import Literal

from pydantic import Field, model_validator

from shared.image_messages import BlobName
from shared.messages import Frozen, NamedJob

InputType = Literal["document", "query", "text"]
EncodingFormat = Literal["float", "base64", "int8", "uint8", "binary", "ubinary"]


class EmbeddingInput(Frozen):
    """What a vector is computed of: a picture, a text, both as a pair, or many pictures or pages by one name."""

    image: BlobName | None = Field(None, description="A picture, as `container/name`.")
    text: str | None = Field(None, description="A text; beside `image`, what is said about the picture.")
    text_blob: BlobName | None = Field(None, description="A text file in UTF-8, as `container/name`.")
    images: BlobName | None = Field(
        None, description="All pictures below a prefix that ends with a slash, as `container/prefix/`, in name order."
    )
    document: BlobName | None = Field(
        None, description="The pages and figures of a document that was read, by the document's `container/name`."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "EmbeddingInput":
        named = [
            name for name in ("image", "text", "text_blob", "images", "document") if getattr(self, name) is not None
        ]
        if len(named) != 1 and named != ["image", "text"]:
            raise ValueError("an input is one of image, text, text_blob, images and document, or image and text")
        if self.images is not None and not self.images.endswith("/"):
            raise ValueError("the prefix in images ends with a slash, such as images/catalogue/")
        return self


class EmbeddingJob(NamedJob):
    """A message on `embedding-jobs`: compute vectors of pictures, texts and pairs.

    What a model does not take is refused before anything is paid.
    """

    inputs: tuple[EmbeddingInput, ...] = Field(min_length=1, description="What vectors are computed of, in order.")
    model: str | None = Field(
        None, description="Embedding deployment; the setting DARKROOM_EMBEDDING_MODEL when absent."
    )
    input_type: InputType | None = Field(
        None, description="Whether the inputs are to be found (`document`), or to find with (`query`)."
    )
    dimensions: int | None = Field(None, ge=1, le=10_000, description="Length of the vectors; the model's when absent.")
    encoding_format: EncodingFormat = Field("float", description="How the service sends numbers.")
    truncate: bool = Field(
        False, description="Cut a long text to what the model takes, instead of a vector for each chunk of it."
    )
