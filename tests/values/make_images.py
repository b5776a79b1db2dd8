#!/usr/bin/python3
"""Writes images.json from Pillow; README.md says what it holds. Run with Debian's python3-pil and python3-numpy."""

import base64
import io
import json
import pathlib

import numpy
import PIL
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent


def smooth(height, width, channels):
    """Waves, of which JPEG keeps most."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    return numpy.round(127.5 + 100 * numpy.sin(0.21 * x + 0.9 * c) * numpy.cos(0.17 * y - 0.5 * c)).astype("uint8")


def case(name, image, tolerance, **options):
    file = io.BytesIO()
    image.save(file, **options)
    decoded = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    return {"name": name, "tolerance": tolerance, "file": base64.b64encode(file.getvalue()).decode(),
            "height": decoded.height, "width": decoded.width, "rgb": base64.b64encode(decoded.tobytes()).decode()}


def main():
    rgb, rgba = Image.fromarray(smooth(13, 17, 3)), Image.fromarray(smooth(13, 17, 4), "RGBA")
    gray = Image.fromarray(smooth(13, 17, 1)[:, :, 0], "L")
    palette = rgb.quantize(16)
    big = Image.fromarray(smooth(37, 50, 3))
    cases = [
        case("png_rgb", rgb, 0, format="PNG"),
        case("png_gray", gray, 0, format="PNG"),
        case("png_bilevel", gray.convert("1"), 0, format="PNG"),
        case("png_palette", palette, 0, format="PNG"),
        case("png_palette_transparent", palette, 0, format="PNG", transparency=3),
        case("png_gray_alpha", rgba.convert("LA"), 0, format="PNG"),
        case("png_alpha", rgba, 0, format="PNG"),
        case("jpeg_444", big, 3, format="JPEG", quality=90, subsampling=0),
        case("jpeg_420", big, 6, format="JPEG", quality=90, subsampling=2),
        case("jpeg_gray", gray, 3, format="JPEG", quality=90),
        case("jpeg_progressive", big, 3, format="JPEG", quality=90, subsampling=0, progressive=True),
        case("jpeg_cmyk", Image.fromarray(smooth(16, 24, 4), "CMYK"), 3, format="JPEG", quality=95),
    ]
    lines = ",\n  ".join(json.dumps(entry) for entry in cases)
    (HERE / "images.json").write_text(
        f'{{\n"made_by": "tests/values/make_images.py", "pillow": "{PIL.__version__}",\n"cases": [\n  {lines}\n]\n}}\n')


if __name__ == "__main__":
    main()
