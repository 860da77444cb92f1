"""The colours of a brand: from the one that a setting names, those that text and buttons need to be read in both schemes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Rgb = tuple[float, float, float]
READABLE = 4.5
"""The contrast that WCAG 2.2 AA asks of text (1.4.3)."""
_WHITE: Rgb = (1.0, 1.0, 1.0)
_BLACK: Rgb = (0.0, 0.0, 0.0)
_LIGHT_GROUNDS, _LIGHT_SOFT = ("#fbfbf8", "#ffffff"), 0.90
_DARK_GROUNDS, _DARK_SOFT = ("#111513", "#181d1a"), 0.82
"""Grounds of page and cards as `web/help/help.css` has them, and how much of them is in a tint."""
_STEPS = 50


def brand_css(colour: str) -> str:
    """Return the style sheet that sets a brand's colour over the shipped tokens, for the page and the widget on it.

    Args:
        colour: `#rrggbb`, or empty for the shipped colours.
    """
    if not colour:
        return ""
    light = _declarations(colour, grounds=_LIGHT_GROUNDS, towards=_BLACK, soft=_WHITE, softness=_LIGHT_SOFT)
    dark = _declarations(
        colour, grounds=_DARK_GROUNDS, towards=_WHITE, soft=_rgb(_DARK_GROUNDS[0]), softness=_DARK_SOFT
    )
    both = ":root, baton-widget"
    return f"{both} {{ {light} }}\n@media (prefers-color-scheme: dark) {{ {both} {{ {dark} }} }}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours `#rrggbb`, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    return _contrast(_rgb(one), _rgb(other))


def _declarations(colour: str, *, grounds: Sequence[str], towards: Rgb, soft: Rgb, softness: float) -> str:
    brand = _rgb(colour)
    tint = _shown(_mix(brand, soft, softness))
    # The accent is a button's ground and a link's ink, on the page and on its own tint.
    below = [tint, *(_rgb(ground) for ground in grounds)]
    accent = _until(brand, towards, lambda one: min(_contrast(one, ground) for ground in below) >= READABLE)
    on_accent = _WHITE if _contrast(_WHITE, accent) >= READABLE else _BLACK
    own = _until(brand, _BLACK, lambda one: _contrast(one, _WHITE) >= READABLE)
    named = {
        "accent": accent,
        "accent-strong": _mix(accent, towards, 0.18),
        "accent-soft": tint,
        "accent-text": accent,
        "on-accent": on_accent,
        "own": own,
        "on-own": _WHITE,
    }
    return " ".join(f"--{name}: {_hex(value)};" for name, value in named.items())


def _until(colour: Rgb, towards: Rgb, good: Callable[[Rgb], bool]) -> Rgb:
    """Mix `colour` with `towards` no more than is needed."""
    mixed = (_mix(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    # What is shown has eight bits a channel, so that is what is judged.
    return next((one for one in map(_shown, mixed) if good(one)), towards)


def _shown(colour: Rgb) -> Rgb:
    return _rgb(_hex(colour))


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _contrast(one: Rgb, other: Rgb) -> float:
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
