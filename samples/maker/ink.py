"""What the samples share: fonts, rendering, the wear of a scan, and a photograph that nobody had to take."""

import io
from pathlib import Path

import numpy as np
import pypdfium2
import reportlab
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# Vera comes inside reportlab, so scans look the same on machines with other fonts or none.
FONTS = Path(reportlab.__file__).parent / "fonts"
pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
pdfmetrics.registerFont(TTFont("VeraIt", "VeraIt.ttf"))


def font(size: int, name: str = "Vera") -> ImageFont.FreeTypeFont:
    """Return a font for drawing on pictures, `size` in pixels."""
    return ImageFont.truetype(str(FONTS / f"{name}.ttf"), size)


def rendered(pdf: bytes, dpi: int) -> list[Image.Image]:
    """Return every page of a PDF as a grey picture."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]


def scanned(page: Image.Image, degrees: float, seed: int) -> Image.Image:
    """Return a clean grey page as a flat-bed scanner gives it: askew, soft, greyish, unevenly lit and noisy."""
    skewed = page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.6))
    height, width = page.height, page.width
    light = 0.93 - 0.05 * np.linspace(0, 1, width)[None, :] ** 3 - 0.03 * np.linspace(1, 0, height)[:, None] ** 4
    noise = np.random.default_rng(seed).normal(0, 5, (height, width))
    grey = 18 + np.asarray(skewed) * light * (1 - 18 / 255) + noise
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    """Return the picture as JPEG bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def landscape(width: int, height: int, seed: int = 7) -> Image.Image:
    """Return a photograph-like picture: a low sun over five ranges of hills in the haze."""
    rng = np.random.default_rng(seed)
    picture = _sky(width, height)
    x = np.linspace(0, 1, width)
    far, near = np.array([176, 140, 150]), np.array([24, 38, 56])
    for depth in range(5):
        tones = [rng.uniform(0.2, 1) / n * np.sin(2 * np.pi * (n * x * 1.3 + rng.uniform())) for n in range(1, 12)]
        waves = np.sum(tones, axis=0)
        ridge = height * (0.45 + 0.11 * depth) - height * 0.05 * waves
        shade = tuple((far + (near - far) * depth / 4).astype(int).tolist())
        outline = [(0, height), *zip(range(width), ridge.tolist(), strict=True), (width, height)]
        ImageDraw.Draw(picture).polygon(outline, fill=shade)
    grain = rng.normal(0, 3, (height, width, 1))
    return Image.fromarray((np.asarray(picture.filter(ImageFilter.SMOOTH)) + grain).clip(0, 255).astype(np.uint8))


def _sky(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    fade = (y / height)[..., None]
    sky = np.array([74, 104, 156]) * (1 - fade) + np.array([250, 196, 140]) * fade
    distance = np.hypot(x - width * 0.68, y - height * 0.34)[..., None] / height
    glow = np.exp(-((distance / 0.2) ** 2)) + (distance < 0.055)
    return Image.fromarray((sky + glow * np.array([110, 82, 40])).clip(0, 255).astype(np.uint8))
