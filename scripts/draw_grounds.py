"""What lies below and about the cards of scripts/draw_cards: grounds and printed sheets."""

import random

WIDTH, HEIGHT = 250, 350


def svg(inside: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">\n{inside}\n</svg>\n'


def ground(rng: random.Random, kind: str) -> str:
    """Fractal noise between two colours, 512 wide."""
    dark, light = {
        "wood": (_mix(rng, (30, 14, 6), (120, 70, 30)), _mix(rng, (110, 60, 25), (220, 170, 110))),
        "carpet": (_mix(rng, (50, 45, 35), (120, 105, 85)), _mix(rng, (150, 135, 110), (225, 210, 185))),
        "rug": (_mix(rng, (15, 10, 10), (60, 40, 40)), _mix(rng, (90, 40, 30), (200, 180, 150))),
        "cloth": (_mix(rng, (8, 8, 12), (90, 90, 110)), _mix(rng, (40, 40, 60), (160, 160, 170))),
        "stone": (_mix(rng, (60, 50, 45), (110, 105, 100)), _mix(rng, (120, 110, 100), (215, 205, 195))),
    }[kind]
    frequency = {
        "wood": f"{rng.uniform(0.03, 0.09):.3f} {rng.uniform(0.002, 0.006):.4f}",
        "carpet": f"{rng.uniform(0.06, 0.2):.3f}",
        "rug": f"{rng.uniform(0.02, 0.05):.3f} 0.002",
        "cloth": f"{rng.uniform(0.2, 0.5):.3f} {rng.uniform(0.02, 0.4):.3f}",
        "stone": f"{rng.uniform(0.008, 0.03):.3f}",
    }[kind]
    steep = {"wood": 2.2, "carpet": 2.4, "rug": 5.0, "cloth": 1.6, "stone": 1.8}[kind]
    table = "".join(
        f'<feFunc{channel} type="table" tableValues="{low / 255:.3f} {high / 255:.3f}"/>'
        for channel, low, high in zip("RGB", dark, light, strict=True)
    )
    row = f"{steep} 0 0 0 {0.5 - steep / 2:.2f} "
    return svg(
        f'<filter id="f" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB"><feTurbulence '
        f'type="fractalNoise" '
        f'baseFrequency="{frequency}" stitchTiles="stitch" numOctaves="5" '
        f'seed="{rng.randint(1, 999)}"/><feColorMatrix values="{row * 3}0 0 0 0 1"/>'
        f'<feComponentTransfer>{table}</feComponentTransfer></filter><rect width="512" height="512" filter="url(#f)"/>',
        512,
        512,
    )


def _mix(rng: random.Random, low: tuple[int, ...], high: tuple[int, ...]) -> tuple[float, ...]:
    u = rng.random()
    return tuple(a + (b - a) * u for a, b in zip(low, high, strict=True))


def sheet(rng: random.Random, kind: str) -> str:
    """What lies about: a page of text, an envelope, a picture book's cover."""
    paper = rng.choice(("#ffffff", "#f6f0e0", "#e8e4dc", "#f0e8b8"))
    if kind == "page":
        words = ["".join(rng.choice("aeinorstlmdu") for _ in range(rng.randint(2, 9))) for _ in range(400)]
        size = rng.choice((9, 11, 14, 18))
        lines = [" ".join(rng.sample(words, 12))[: int(380 / size)] for _ in range(int(300 / size / 1.4))]
        inside = "".join(
            f'<text x="22" y="{30 + k * size * 1.4:.0f}" font-family="DejaVu Serif" font-size="{size}">{line}</text>'
            for k, line in enumerate(lines)
        )
    elif kind == "envelope":
        inside = '<path d="M0,0L125,150L250,0" fill="none" stroke="#b8b0a0" stroke-width="3"/>'
    else:
        paper = _color(rng)
        inside = "".join(
            f'<ellipse cx="{rng.randint(0, 250)}" cy="{rng.randint(60, 350)}" rx="{rng.randint(8, 80)}" '
            f'ry="{rng.randint(8, 70)}" fill="{_color(rng)}"/>'
            for _ in range(14)
        ) + (
            f'<text x="20" y="50" font-family="DejaVu Sans" font-weight="bold" font-size="38" '
            f'fill="{_color(rng)}">{rng.choice(("Garden", "Animals", "Night", "SALT", "Rivers"))}</text>'
        )
    return svg(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{paper}"/>{inside}')


def _color(rng: random.Random) -> str:
    return f"#{rng.randrange(1 << 24):06x}"
