"""What a document says about one of its figures."""

import json
import re
from collections.abc import Mapping
from typing import Any

_CAPTION = re.compile(
    r"\W*(?:fig(?:ure)?|abb(?:ildung)?|image|photo(?:graph)?|plate|chart|diagram|map|exhibit|illustration)\b", re.I
)
_LONGEST = 1000


def caption(markdown: str, figure: Mapping[str, Any]) -> str | None:
    """The figure's annotation when the model gave one, else the paragraph after or before it that names itself its
    caption ("Figure 3: …"); None when there is neither.
    """
    told = figure.get("image_annotation")
    annotation = told.strip() if isinstance(told, str) else told and json.dumps(told, ensure_ascii=False)
    if annotation:
        return str(annotation[:_LONGEST])
    paragraphs = [paragraph.strip() for paragraph in markdown.split("\n\n")]
    at = next((at for at, text in enumerate(paragraphs) if f"]({figure.get('file')})" in text), None)
    if at is None:
        return None
    own = paragraphs[at].rpartition(")")[2].strip()  # a caption may stand on the line below the picture
    beside = (own, *paragraphs[at + 1 : at + 2], *paragraphs[max(at - 1, 0) : at])
    return next((text[:_LONGEST] for text in beside if _CAPTION.match(text)), None)
