"""PDF documents, opened and cut with qpdf."""

from pathlib import Path

import pikepdf

from shared.documents import PDF, Cut
from shared.errors import Invalid, TooLarge

_MOST_PAGES = 50_000  # qpdf makes two kilobytes of each, and a small file can name one page a million times
_LARGEST_STREAM = 64 * 1024 * 1024  # what is larger when it is unpacked is copied as it is; its few bytes may be a bomb
pikepdf.settings.set_qpdf_limits(flate_max_memory=_LARGEST_STREAM, run_length_max_memory=_LARGEST_STREAM)


class PdfDocument:
    """A PDF; what qpdf had to repair or decrypt is sent as qpdf writes it.

    Raises:
        Invalid: damaged beyond repair, password-protected or without pages.
        TooLarge: more than 50,000 pages.
    """

    media_type = PDF

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pdf = _open(path)
        self.pages = len(self._pdf.pages)
        if not self.pages:
            raise Invalid("The PDF has no pages.", code="no_pages")
        repaired = bool(self._pdf.get_warnings())
        if repaired and _is_cut_short(self._pdf):
            raise _damaged()
        forms = "/AcroForm" in self._pdf.Root
        if forms:
            _flatten(self._pdf)
        self._sound = not (self._pdf.is_encrypted or repaired or forms)

    def whole(self, to: Path) -> Cut:
        """The file itself when it is sound, else as it reads after repair."""
        numbers = tuple(range(1, self.pages + 1))
        return Cut(numbers, self._path, PDF) if self._sound else self.cut(numbers, to)

    def cut(self, numbers: tuple[int, ...], to: Path) -> Cut:
        """These pages as a PDF of their own, with the resources they share in it once; the same bytes every time."""
        try:
            with pikepdf.new() as part:
                for number in numbers:
                    part.pages.append(self._pdf.pages[number - 1])
                if "/OCProperties" in self._pdf.Root:  # which layers are hidden
                    layers = self._pdf.make_indirect(self._pdf.Root.OCProperties)
                    part.Root.OCProperties = part.copy_foreign(layers)
                part.remove_unreferenced_resources()
                part.save(to, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        except (pikepdf.PdfError, ValueError, RuntimeError) as error:
            raise _damaged() from error
        return Cut(numbers, to, PDF)


def _bounded(pdf: pikepdf.Pdf) -> None:
    """Walk the tree of pages only as far as it may go, before qpdf makes pages of it."""
    nodes, seen = [pdf.Root.get("/Pages")], 0
    while nodes:
        kids = _kids(nodes.pop())
        seen += len(kids)
        if seen > _MOST_PAGES:
            raise TooLarge(
                f"The PDF has more than {_MOST_PAGES:,} pages.", remedy="Split the document and drop its parts."
            )
        nodes += [kid for kid in kids if _kids(kid)]


def _kids(node: object) -> pikepdf.Array | tuple[()]:
    kids = node.get("/Kids") if isinstance(node, pikepdf.Dictionary) else None
    return kids if isinstance(kids, pikepdf.Array) else ()


def _is_cut_short(pdf: pikepdf.Pdf) -> bool:
    """qpdf opens a file that was cut short with all its pages, but those behind the cut have no contents."""
    empty = ["/Contents" not in page for page in pdf.pages]
    return empty[-1] or all(empty)


def _flatten(pdf: pikepdf.Pdf) -> None:
    """Draw what was filled into a form onto its pages: a page that is cut out leaves the form behind."""
    try:
        pdf.generate_appearance_streams()
        pdf.flatten_annotations("all")
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise _damaged() from error


def _open(path: Path) -> pikepdf.Pdf:
    try:
        with pikepdf.open(path, suppress_warnings=True, inherit_page_attributes=False) as unread:
            _bounded(unread)
        return pikepdf.open(path, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise Invalid(
            "The PDF is protected with a password.",
            code="encrypted",
            remedy="Save it without a password and drop it again.",
        ) from None
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        raise _damaged() from error


def _damaged() -> Invalid:
    return Invalid(
        "The PDF is damaged and cannot be repaired; perhaps it was cut short on its way.",
        code="damaged",
        remedy="Export or transfer it again and drop it again.",
    )
