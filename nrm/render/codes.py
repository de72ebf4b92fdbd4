"""A QR code as SVG with presentation attributes only: a `style` attribute would be refused by the content policy."""

from __future__ import annotations

import segno

MODULE = 5  # pixels


def qr(text: str, title: str) -> str:
    """The picture, dark on white with its quiet zone, for the page itself: no address has to carry the text."""
    code = segno.make(text, error="m", micro=False)
    picture: str = code.svg_inline(
        scale=MODULE, border=4, dark="#000", light="#fff", title=title, svgclass=None, lineclass=None
    )
    return picture.replace("<svg ", '<svg role="img" ', 1)
