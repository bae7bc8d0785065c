"""RapidOCR: lines of text out of a picture. The models come inside its package; nothing is downloaded."""

import threading
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from local.foundry.ocr.bullets import with_bullets
from local.foundry.ocr.deskew import straighten
from local.foundry.ocr.lines import with_markers
from local.foundry.ocr.page import Box, Line, Word
from local.foundry.ocr.picture import Mask, Picture, ink

_PARAMETERS = {
    "Global.use_cls": False,
    "Global.return_word_box": True,
    "Global.log_level": "critical",
    # Finding lines needs less detail than reading them, and lines of unequal length waste a batch on padding:
    # together this halves the time of a page.
    "Det.limit_type": "max",
    "Det.limit_side_len": 1280,
    "Rec.rec_batch_num": 1,
    # One thread a page: pages run side by side already, and more threads than processors only fight.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
_own = threading.local()

# Heights in shares of the type size, as in most Latin text faces.
_X_HEIGHT, _ASCENT, _DESCENT = 0.52, 0.2, 0.21
_SPECKS = 1
_DEEP = set("gjpqyQ,;()[]{}|")
_FLAT = set("acemnorsuvwxz.gpqy,;:-")


def recognise(picture: Picture) -> tuple[Picture, list[Line]]:
    """The picture, straightened if it was skewed, and its lines in no particular order, with real confidences."""
    found: Any = _reader()(np.ascontiguousarray(picture[:, :, ::-1]))
    if found.txts is None:
        return picture, []
    words = [[_word(*entry) for entry in line if entry[0].strip()] for line in found.word_results]
    straight, lines = straighten(picture, [line for line in words if line])
    grey = np.asarray(cv2.cvtColor(straight, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    plain = with_markers([_line(line, grey) for line in lines])
    return straight, with_bullets(plain, ink(straight))


def _reader() -> Any:
    """This thread's recogniser: RapidOCR keeps state between its steps, so threads must not share one."""
    if not hasattr(_own, "reader"):
        cv2.setNumThreads(1)
        _own.reader = RapidOCR(params=_PARAMETERS)
    return _own.reader


def _word(text: str, confidence: float, corners: Any) -> Word:
    xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
    return Word(text.strip(), Box(min(xs), min(ys), max(xs), max(ys)), float(confidence))


def _line(words: list[Word], grey: Mask) -> Line:
    return Line(tuple(words), float(np.median([_size(word, grey) for word in words])))


def _size(word: Word, grey: Mask) -> float:
    """The type size, from the height of the word's ink and the letters it is made of."""
    box, letters = word.box, set(word.text)
    share = _X_HEIGHT + (0 if letters <= _FLAT else _ASCENT) + (_DESCENT if letters & _DEEP else 0)
    part = grey[max(0, int(box.top)) : int(box.bottom) + 1, max(0, int(box.left)) : int(box.right) + 1]
    return (_ink_height(part) if part.size else box.height) / share


def _ink_height(part: Mask) -> float:
    """Rows between the first and the last that hold ink; ink is the rarer of the two shades."""
    _, split = cv2.threshold(part, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    ink = split if split.mean() < 0.5 else 1 - split
    filled = np.flatnonzero(ink.sum(axis=1) > _SPECKS)
    return float(filled[-1] - filled[0] + 1) if filled.size else float(part.shape[0])
