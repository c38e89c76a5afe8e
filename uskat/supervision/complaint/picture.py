"""A citizen's photograph: decoded and encoded anew, so that nothing but the picture is left.

Known by its magic bytes, never by its name; only JPEG and PNG decoders are asked. The size is read from the header and
bounded before a pixel is decoded (decompression bombs). The camera's orientation is applied, then lost with the rest.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES = 8 * 2**20
LARGEST_PIXELS = 50_000_000
KEPT_SIDE_PX = 2400
SMALLEST_SIDE_PX = 64
QUALITY = 85
MAGIC = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}


class PictureError(ValueError):
    """Bytes that are no photograph we keep; the text (Russian) says why."""


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A JPEG of at most KEPT_SIDE_PX a side, without metadata."""

    content: bytes
    width_px: int
    height_px: int
    media_type: str = "image/jpeg"


def clean_picture(payload: bytes) -> CleanPicture:
    """The picture alone. Raises PictureError for another kind, size, a broken or oversized one."""
    if len(payload) > LARGEST_BYTES:
        raise PictureError(f"Снимок больше {LARGEST_BYTES // 2**20} МБ.")
    kind = next((name for magic, name in MAGIC.items() if payload.startswith(magic)), None)
    if kind is None:
        raise PictureError(
            "Это не JPEG и не PNG. Сохраните снимок как JPEG и пришлите снова "
            "(на iPhone: Настройки – Камера – Форматы – Наиболее совместимый)."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is below
            with Image.open(io.BytesIO(payload), formats=[kind]) as found:
                width, height = found.size
                if width * height > LARGEST_PIXELS or min(width, height) < SMALLEST_SIDE_PX:
                    raise PictureError(f"Снимок {width} × {height}: такие не принимаются.")
                return _encoded(found)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError("Снимок повреждён.") from error


def _encoded(found: Image.Image) -> CleanPicture:
    found.load()
    picture = ImageOps.exif_transpose(found)
    if picture.mode != "RGB":
        flat = picture.convert("RGBA")
        picture = Image.new("RGB", flat.size, "white")
        picture.paste(flat, mask=flat.getchannel("A"))
    picture.thumbnail((KEPT_SIDE_PX, KEPT_SIDE_PX))
    bare = Image.new("RGB", picture.size)  # a new image has no info that the encoder could write
    bare.paste(picture)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY)
    return CleanPicture(out.getvalue(), *bare.size)
