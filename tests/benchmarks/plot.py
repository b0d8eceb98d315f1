"""A small line chart as SVG: no library is worth it for a few points."""

from html import escape

from tests.benchmarks.rows import Plot, Point

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 90, 20, 40, 50
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700")


def svg(plot: Plot) -> str:
    """The chart as a document; the vertical axis begins at zero."""
    low, high = _range([point.x for point in plot.points])
    top = max(point.y for point in plot.points) * 1.1 or 1.0
    lines = list(dict.fromkeys(point.line for point in plot.points))

    def place(point: Point) -> tuple[float, float]:
        across = (point.x - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        return LEFT + across, HEIGHT - BOTTOM - point.y / top * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(WIDTH / 2, 22, plot.title, "middle"),
        _text(WIDTH / 2, HEIGHT - 10, plot.x, "middle"),
        *_grid(top, plot.y),
    ]
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = [point for point in plot.points if point.line == line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point in points:
            x, y = place(point)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            parts.append(_text(x, HEIGHT - BOTTOM + 16, f"{point.x:,.0f}", "middle"))
            parts.append(_text(x, y - 8, f"{point.y:,.0f}", "middle"))
    return "\n".join([*parts, "</svg>\n"])


def _grid(top: float, unit: str) -> list[str]:
    parts = [_text(8, TOP - 10, unit, "start")]
    for step in range(5):
        y = HEIGHT - BOTTOM - step / 4 * (HEIGHT - TOP - BOTTOM)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{top * step / 4:,.0f}", "end"))
    return parts


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + 1)
