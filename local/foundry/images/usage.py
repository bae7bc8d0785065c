"""How many tokens a picture costs, by a rule in place of the service's own, which is not public for every size.

Output: the published figures of gpt-image-1 for 1024x1024 (low 272, medium 1056, high 4160), in proportion to the area;
xhigh and max are assumed at twice and four times high. Each partial image adds 100. Input: one token for four
characters of the prompt; an image costs 65 and 129 for every tile of 512 pixels once its shorter edge is brought to
512 (as many as the longer edge is times the shorter), and 4160 more with high fidelity.
"""

import math
from collections.abc import Sequence
from typing import Any

from local.foundry.images.models import Size
from local.foundry.images.parameters import Wanted

_OUTPUT = {"low": 272, "medium": 1056, "high": 4160, "xhigh": 8320, "max": 16_640}
_SQUARE = 1024 * 1024
_PARTIAL = 100
_BASE, _TILE, _FAITHFUL = 65, 129, 4160


def usage(wanted: Wanted, size: Size, sources: Sequence[Size], partials: int) -> dict[str, Any]:
    """The `usage` object of an answer."""
    text = math.ceil(len(wanted.prompt) / 4)
    seen = sum(_input_tokens(source, wanted.fidelity) for source in sources)
    drawn = wanted.n * math.ceil(_OUTPUT[wanted.quality] * size[0] * size[1] / _SQUARE) + partials * _PARTIAL
    return {
        "total_tokens": text + seen + drawn,
        "input_tokens": text + seen,
        "output_tokens": drawn,
        "input_tokens_details": {"text_tokens": text, "image_tokens": seen},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": drawn},
    }


def _input_tokens(source: Size, fidelity: str) -> int:
    tiles = math.ceil(max(source) / min(source))
    return _BASE + _TILE * tiles + (_FAITHFUL if fidelity == "high" else 0)
