"""Documents and pictures for tests: each function returns one file's bytes, the same on every call.

Good files carry words that an OCR engine can read; bad ones are wrong in exactly the way their name says.
Nothing here writes to disk or decodes what it builds; the slowest takes about half a second.
"""

import functools
import hashlib
import io
import math
import struct
import zlib
from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw, ImageFont

A4 = (595.0, 842.0)
WORDS = "The quick brown fox jumps over the lazy dog"
EMPTY = b""
PLAIN_TEXT = b"This is a plain text file whose name may end in .pdf.\n" * 8


# PDF files that work


def text_pdf(pages: int = 1, text: str = WORDS) -> bytes:
    """Return a born-digital PDF; every page says "Page n of N", then the lines of `text` (Windows-1252)."""
    with pikepdf.new() as pdf:
        for number in range(1, pages + 1):
            _add_page(pdf, _text([f"Page {number} of {pages}", *text.splitlines()]))
        return _saved(pdf)


def multi_column_pdf() -> bytes:
    """Return one page with two columns, ten lines each, whose lines lie side by side."""
    left = [f"Left line {number}" for number in range(1, 11)]
    right = [f"Right line {number}" for number in range(1, 11)]
    with pikepdf.new() as pdf:
        _add_page(pdf, _text(left) + _text(right, x=320))
        return _saved(pdf)


def scanned_pdf(pages: int = 1, text: str = WORDS) -> bytes:
    """Return a PDF without any text layer: each page is one 150 dpi JPEG that shows "Scan n" and `text`."""
    with pikepdf.new() as pdf:
        for number in range(1, pages + 1):
            scan = _picture(f"Scan {number}\n{text}", size=(1240, 1754))
            image = _image(pdf, _encoded(scan.convert("L"), "JPEG"), scan.size, filter_name=Name.DCTDecode)
            _add_page(pdf, _full_page(A4), image)
        return _saved(pdf)


def heavy_pdf(page_bytes: Sequence[int]) -> bytes:
    """Return a PDF with one page for each entry, which carries at least that many bytes that no codec shrinks."""
    with pikepdf.new() as pdf:
        for number, wanted in enumerate(page_bytes):
            side = math.isqrt(max(wanted - 1, 0)) + 1
            image = _image(pdf, _noise(side * side, seed=number), (side, side))
            _add_page(pdf, _full_page(A4), image)
        return _saved(pdf)


def shared_image_pdf(pages: int = 1000, image_side: int = 400) -> bytes:
    """Return a PDF whose pages all show one shared grey image of `image_side`² incompressible bytes."""
    with pikepdf.new() as pdf:
        image = _image(pdf, _noise(image_side * image_side), (image_side, image_side))
        for number in range(1, pages + 1):
            _add_page(pdf, _full_page((200, 200)) + _text([f"Page {number}"]), image)
        return _saved(pdf)


def huge_page_pdf(inches: int = 200) -> bytes:
    """Return a PDF with one square page of that many inches: 200 is the largest that PDF 1.x allows."""
    side = inches * 72.0
    with pikepdf.new() as pdf:
        _add_page(pdf, _text([WORDS]), size=(side, side))
        return _saved(pdf)


def active_pdf() -> bytes:
    """Return a harmless PDF that runs JavaScript when opened and carries an attached text file."""
    with pikepdf.open(io.BytesIO(text_pdf())) as pdf:
        pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert('hello');"))
        stamp = Dictionary(ModDate=pikepdf.String("D:20260101000000Z"))
        embedded = pdf.make_stream(b"attached\n", Type=Name.EmbeddedFile, Params=stamp)
        spec = Dictionary(Type=Name.Filespec, F="note.txt", UF="note.txt", EF=Dictionary(F=embedded))
        files = Dictionary(Names=Array([pikepdf.String("note.txt"), pdf.make_indirect(spec)]))
        pdf.Root.Names = Dictionary(EmbeddedFiles=files)
        return _saved(pdf)


def owner_locked_pdf() -> bytes:
    """Return an encrypted PDF that opens without a password: only its owner password is set."""
    return _encrypted(owner="owner", user="")


# PDF files that do not


def password_pdf(password: str = "secret") -> bytes:  # noqa: S107 -- the password of a test document is no secret
    """Return an encrypted PDF that opens with this user password only."""
    return _encrypted(owner="owner", user=password)


def truncated_pdf() -> bytes:
    """Return the first half of a three-page PDF, as an upload that broke off leaves it.

    PDFium refuses it. pikepdf repairs it, with warnings: all three pages are there, and their contents are gone.
    """
    whole = text_pdf(3)
    return whole[: len(whole) // 2]


def header_only_pdf() -> bytes:
    """Return a PDF's first line alone, which nothing can repair."""
    return text_pdf().splitlines(keepends=True)[0]


def broken_xref_pdf(pages: int = 2) -> bytes:
    """Return a PDF whose pointer to the cross-reference table leads nowhere: a reader can rebuild it."""
    head, _, tail = text_pdf(pages).rpartition(b"startxref\n")
    return head + b"startxref\n9" + tail


def pageless_pdf() -> bytes:
    """Return a well-formed PDF with no page."""
    with pikepdf.new() as pdf:
        return _saved(pdf)


# Pictures that work


def png(text: str = WORDS) -> bytes:
    """Return an RGB PNG of 640 x 240 pixels that shows `text`."""
    return _encoded(_picture(text), "PNG")


def deep_png() -> bytes:
    """Return a 16-bit greyscale PNG of 640 x 240 pixels that uses the whole range from 0 to 65535."""
    wide = _picture().convert("L").convert("I").point(lambda level: level * 257)
    return _encoded(wide.convert("I;16"), "PNG")


def jpeg(text: str = WORDS) -> bytes:
    """Return an RGB JPEG of 640 x 240 pixels that shows `text`."""
    return _encoded(_picture(text), "JPEG")


def cmyk_jpeg() -> bytes:
    """Return a CMYK JPEG with an Adobe marker, as print shops make them."""
    return _encoded(_picture().convert("CMYK"), "JPEG")


def rotated_jpeg(orientation: int = 6) -> bytes:
    """Return a JPEG stored sideways (240 x 640 pixels) whose EXIF orientation sets it upright again."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _encoded(_picture().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def bmp() -> bytes:
    """Return an uncompressed BMP of 640 x 240 pixels."""
    return _encoded(_picture(), "BMP")


def gif(frames: int = 1) -> bytes:
    """Return a GIF; it is animated when it has more than one frame."""
    return _sequence("GIF", frames)


def webp(frames: int = 1) -> bytes:
    """Return a WEBP; it is animated when it has more than one frame."""
    return _sequence("WEBP", frames)


def tiff(frames: int = 1) -> bytes:
    """Return a Deflate-compressed TIFF with one page for each frame."""
    return _sequence("TIFF", frames, compression="tiff_adobe_deflate")


# Pictures that do not


@functools.cache
def bomb_png(side: int = 50_000) -> bytes:
    """Return a valid black 1-bit PNG of `side` x `side` pixels; 50,000 take 0.3 MB here and 7.5 GB as RGB.

    Deflate shrinks at most 1032-fold, so a complete picture of that size cannot be smaller.
    """
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = _deflated_zeros((1 + math.ceil(side / 8)) * side)
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", pixels) + _png_chunk(b"IEND", b"")


def cut_png() -> bytes:
    """Return a PNG with a right header whose pixels break off half-way."""
    whole = png()
    return whole[: len(whole) // 2]


def cut_jpeg() -> bytes:
    """Return a JPEG with right headers whose pixels break off half-way."""
    whole = jpeg()
    return whole[: len(whole) // 2]


def pageless_tiff() -> bytes:
    """Return a TIFF header that points to no page at all."""
    return struct.pack("<2sHI", b"II", 42, 0)


def garbage_tiff() -> bytes:
    """Return a TIFF header whose first page directory is noise."""
    return struct.pack("<2sHI", b"II", 42, 8) + _noise(4096)


# How they are made


def _saved(pdf: pikepdf.Pdf, encryption: pikepdf.Encryption | bool = False) -> bytes:
    buffer = io.BytesIO()
    pdf.save(buffer, static_id=True, compress_streams=False, encryption=encryption)
    return buffer.getvalue()


def _encrypted(owner: str, user: str) -> bytes:
    # AES draws a random vector for each save; RC4 (revision 4 without AES) gives the same bytes every time.
    cipher = pikepdf.Encryption(owner=owner, user=user, R=4, aes=False, metadata=False)
    with pikepdf.open(io.BytesIO(text_pdf())) as pdf:
        return _saved(pdf, cipher)


def _add_page(
    pdf: pikepdf.Pdf, content: bytes, image: pikepdf.Object | None = None, size: tuple[float, float] = A4
) -> None:
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    resources = Dictionary(Font=Dictionary(F1=font))
    if image is not None:
        resources.XObject = Dictionary(Im1=image)
    page = pdf.add_blank_page(page_size=size)
    page.obj.Resources = resources
    page.obj.Contents = pdf.make_stream(content)


def _image(
    pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], filter_name: pikepdf.Object | None = None
) -> pikepdf.Stream:
    image = pdf.make_stream(data, Type=Name.XObject, Subtype=Name.Image, Width=size[0], Height=size[1])
    image.ColorSpace = Name.DeviceGray
    image.BitsPerComponent = 8
    if filter_name is not None:
        image.Filter = filter_name
    return image


def _text(lines: Sequence[str], x: int = 72) -> bytes:
    shown = b"".join(b"(%s) Tj T*\n" % _escaped(line) for line in lines)
    return b"BT /F1 14 Tf 20 TL %d 760 Td\n%sET\n" % (x, shown)


def _escaped(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _full_page(size: tuple[float, float]) -> bytes:
    return b"q %.0f 0 0 %.0f 0 0 cm /Im1 Do Q\n" % size


def _picture(text: str = WORDS, size: tuple[int, int] = (640, 240)) -> Image.Image:
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    draw.multiline_text((20, 40), text, fill="black", font=ImageFont.load_default(size=28), spacing=20)
    draw.ellipse((20, size[1] - 80, 80, size[1] - 20), fill="firebrick")
    return picture


def _encoded(picture: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


def _sequence(image_format: str, frames: int, **options: object) -> bytes:
    first, *rest = (_picture(f"Frame {number}") for number in range(1, frames + 1))
    return _encoded(first, image_format, save_all=True, append_images=rest, **options)


def _noise(size: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _deflated_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(block) for block in _zeros(size)), packer.flush()])


def _zeros(size: int, block: int = 1 << 20) -> Iterator[bytes]:
    for _ in range(size // block):
        yield bytes(block)
    yield bytes(size % block)
