"""A year of an indicator as a small picture in SVG: twelve bars with their numbers; a gap is a gap, never a zero."""

from html import escape

from uskat.finding import number_ru
from uskat.supervision.kpi.figure import Indicator

WIDTH, HEIGHT, LEFT, BASE, TOP = 640, 240, 20, 190, 60
STEP = (WIDTH - 2 * LEFT) / 12
FILL, DARK = "#0b57a4", "#12181f"
MONTHS = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def month_chart(indicator: Indicator, *, year: int) -> str:
    """SVG with a title for screen readers; bars from zero to the largest month, a share to one."""
    values = [cell.value for cell in indicator.months.values()]
    share = indicator.wording.unit == "доля"
    top = 1.0 if share else max([value for value in values if value is not None], default=1.0) or 1.0
    bars = [
        _bar(place, name, value, top=top, share=share)
        for place, (name, value) in enumerate(zip(MONTHS, values, strict=True))
    ]
    title = escape(f"{indicator.wording.title}, {year}")
    whole = indicator.year.value
    said = (
        "нет данных" if whole is None else _text(whole, share=share) + ("" if share else f" {indicator.wording.unit}")
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="{DARK}"><title>{title}: {said}</title>'
        f'<text x="{LEFT}" y="20" font-size="13">{title[:90]}</text>'
        f'<text x="{LEFT}" y="40">За год: {said}, n = {indicator.year.n}</text>'
        f'<line x1="{LEFT}" y1="{BASE}" x2="{WIDTH - LEFT}" y2="{BASE}" stroke="{DARK}"/>{"".join(bars)}</svg>'
    )


def _bar(place: int, name: str, value: float | None, *, top: float, share: bool) -> str:
    middle = LEFT + STEP * (place + 0.5)
    label = f'<text x="{middle:.1f}" y="{BASE + 18}" text-anchor="middle">{name}</text>'
    if value is None:
        return f'{label}<text x="{middle:.1f}" y="{BASE - 6}" text-anchor="middle" fill="{DARK}">–</text>'
    height = (BASE - TOP) * min(max(value / top, 0.0), 1.0)
    return (
        f'{label}<rect x="{middle - STEP / 3:.1f}" y="{BASE - height:.1f}" width="{STEP * 2 / 3:.1f}" '
        f'height="{height:.1f}" fill="{FILL}"/>'
        f'<text x="{middle:.1f}" y="{BASE - height - 4:.1f}" text-anchor="middle">{_text(value, share=share)}</text>'
    )


def _text(value: float, *, share: bool) -> str:
    return f"{round(value * 100)} %" if share else number_ru(value)
