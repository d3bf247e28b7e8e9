"""QR codes as pages show them."""

import segno


def qr_svg(text: str) -> str:
    """A QR code as inline SVG, dark on transparent, sized by the page."""
    code = segno.make(text, error="m", micro=False)
    return str(code.svg_inline(svgclass=None, lineclass=None, omitsize=True, border=0))
