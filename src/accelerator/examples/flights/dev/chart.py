"""A bar chart in SVG, with nothing but the standard library."""

from xml.sax.saxutils import escape

WIDTH = 720
LABELS = 210  # room for the names, left of the bars
VALUES = 60  # room for the numbers, right of the longest bar
ROW = 26
TOP = 64


def bar_chart(values, *, title, unit):
    """Return an SVG picture with a horizontal bar for each (name, number); negative numbers go to the left."""
    low = min(0, *(number for _, number in values))
    high = max(0, *(number for _, number in values))
    scale = (WIDTH - LABELS - VALUES) / ((high - low) or 1)
    zero = LABELS - low * scale
    height = TOP + ROW * len(values) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"',
        ' font-family="system-ui, sans-serif" font-size="13" fill="#222">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="16" y="28" font-size="17" font-weight="600">{escape(title)}</text>',
        f'<text x="16" y="48" fill="#666">{escape(unit)}</text>',
    ]
    for row, (name, number) in enumerate(values):
        y = TOP + ROW * row
        left, length = min(zero, zero + number * scale), abs(number) * scale
        parts += [
            f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{left:.1f}" y="{y + 3}" width="{length:.1f}" height="{ROW - 8}" rx="2" fill="#3b76af"/>',
            f'<text x="{left + length + 6:.1f}" y="{y + 16}" fill="#444">{number:.1f}</text>',
        ]
    parts.append(f'<line x1="{zero:.1f}" x2="{zero:.1f}" y1="{TOP - 2}" y2="{height - 18}" stroke="#888"/>')
    return "\n".join([*parts, "</svg>", ""])
