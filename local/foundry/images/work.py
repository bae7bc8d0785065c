"""What is to be drawn: a request with its size settled, and the images that an edit starts from."""

from dataclasses import dataclass

from PIL import Image

from local.foundry.images.drawing.edit import edited
from local.foundry.images.drawing.picture import drawn
from local.foundry.images.models import ImageModel, Size
from local.foundry.images.parameters import Wanted
from local.foundry.images.uploads import Sources


@dataclass(frozen=True)
class Work:
    """Draws the pictures of one request, the same ones for the same request."""

    wanted: Wanted
    size: Size
    sources: Sources | None

    @classmethod
    def of(cls, wanted: Wanted, model: ImageModel, sources: Sources | None) -> "Work":
        """Settle the size where the request leaves it open."""
        size = wanted.size or model.automatic_size(sources.first.size if sources else None)
        return cls(wanted, size, sources)

    @property
    def source_sizes(self) -> tuple[Size, ...]:
        """The sizes of the images that an edit starts from."""
        return self.sources.sizes if self.sources else ()

    @property
    def background(self) -> str:
        """What the answer says of the background."""
        return "transparent" if self._transparent else "opaque"

    def picture(self, index: int) -> Image.Image:
        """The picture of this index, from 0, in exactly the size."""
        if self.sources:
            return edited(self.wanted, self.size, index, self.sources, self._transparent)
        return drawn(self.wanted, self.size, index, self._transparent)

    @property
    def _transparent(self) -> bool:
        return self.wanted.background == "transparent"
