"""Map of predicted velocities around a block, with a numbered list of what may be hurt."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from uskat.blast.figure.canvas import (
    AMBER,
    BLUE,
    DPI,
    GREY,
    INK,
    RED,
    WIDTH_IN,
    ImageFormat,
    heading,
    image_bytes,
    plain_numbers,
)
from uskat.blast.geometry import Plane, Point
from uskat.blast.propagation.forecast import ReceptorForecast
from uskat.finding import number_ru

MOST_LISTED = 20
LONGEST_NAME = 34
WIDEST_TITLE = 85
A_LITTLE_BEYOND = 1.3
LOOK = {True: ("o", BLUE, "в пределах"), False: ("D", RED, "выше предела"), None: ("s", GREY, "предела нет")}
COMPASS = ("С", "СВ", "В", "ЮВ", "Ю", "ЮЗ", "З", "СЗ")
RING_PLACES_DEG = sorted(range(0, 360, 15), key=lambda angle: abs((angle + 90) % 360 - 180))
"""North first, then ever further from it; counted from east."""
AROUND: tuple[Point, ...] = tuple(
    (radius * math.cos(math.radians(angle)), radius * math.sin(math.radians(angle)))
    for radius in (10, 20, 32, 46, 62)
    for angle in range(0, 360, 30)
)
"""Where a number may stand beside its mark, in points, the nearest first."""
LED_FROM = 15.0
"""From so many points on a thin line leads from a number to its mark."""


def map_figure(
    origin: Point,
    rings: Mapping[float, Sequence[Point]],
    *,
    forecasts: Sequence[ReceptorForecast] = (),
    block: Sequence[Point] = (),
    title: str = "",
    image: ImageFormat = "png",
) -> bytes:
    """Map in metres east and north of the block: contours of the 95 % bound, the block, numbered receptors.

    The worst `MOST_LISTED` receptors are listed beside the map; those beyond its edge with distance and direction.
    """
    plane = Plane(*origin)
    paths = {level: np.array([plane.to_plane(point) for point in ring]) for level, ring in sorted(rings.items())}
    worst = sorted(forecasts, key=lambda found: (-_share(found), found.distance_m))[:MOST_LISTED]
    figure = Figure(figsize=(WIDTH_IN + 2.2, 6.4), layout="constrained")
    paper = FigureCanvasAgg(figure)
    ax, aside = figure.subplots(1, 2, width_ratios=(7, 3.4))
    spots = {place: plane.to_plane(found.place.point) for place, found in enumerate(worst, 1)}
    half = _half_extent_m(list(paths.values()), list(spots.values()))
    ax.set_xlim(-half, half)
    ax.set_ylim(-half, half)
    ax.set_aspect("equal")
    ax.set_xlabel("Метры на восток")
    ax.set_ylabel("Метры на север")
    words = title or "Прогноз: скорость, ниже которой 95 % взрывов"
    ax.set_title(heading(*words.splitlines(), widest=WIDEST_TITLE), fontsize=9)
    ax.grid(visible=True, lw=0.3)
    plain_numbers(ax)
    _draw_block(ax, [plane.to_plane(point) for point in block])
    for path in paths.values():
        ax.plot(path[:, 0], path[:, 1], color=AMBER, lw=1)
    inside = {place: spot for place, spot in spots.items() if max(map(abs, spot)) <= half}
    for place, spot in inside.items():
        marker, colour, _ = LOOK[worst[place - 1].kept]
        ax.plot(*spot, marker=marker, color=colour, ms=6, ls="none")
    _list_beside(aside, worst, set(inside), hidden=len(forecasts) - len(worst))
    if paths:
        levels = ", ".join(number_ru(level) for level in paths)
        aside.text(0, -0.05, f"Контуры: {levels} мм/с", fontsize=7, va="top", color=AMBER, transform=aside.transAxes)
    # words come last, when the layout stands: each where no other word is
    figure.dpi = DPI
    paper.draw()  # type: ignore[no-untyped-call]
    _place_words(ax, paths, inside)
    figure.set_layout_engine("none")
    return image_bytes(figure, image)


def _share(found: ReceptorForecast) -> float:
    """How much of its limit a receptor gets; without a limit its velocity decides, behind the others."""
    return found.bound_mm_s / found.limit_mm_s if found.limit_mm_s else found.bound_mm_s * 1e-6


def _half_extent_m(paths: Sequence[np.ndarray], spots: Sequence[Point]) -> float:
    """Half a side of the map: the outermost contour, the nearest receptor, and those a little beyond the contour."""
    reach = max((float(np.abs(path).max()) for path in paths), default=0.0)
    away = sorted(max(abs(x), abs(y)) for x, y in spots)
    reach = max(reach, away[0] if away else 0.0, 100.0)
    return 1.12 * max([reach, *(distance for distance in away if distance <= A_LITTLE_BEYOND * reach)])


def _draw_block(ax: Axes, corners: Sequence[Point]) -> None:
    if corners:
        outline = np.array(corners)
        ax.fill(outline[:, 0], outline[:, 1], color=INK, alpha=0.4)
    ax.plot([0], [0], marker="*", color=INK, ms=10)


def _list_beside(aside: Axes, listed: Sequence[ReceptorForecast], shown: set[int], *, hidden: int) -> None:
    aside.axis("off")
    lines = []
    for place, found in enumerate(listed, 1):
        marker = {"o": "●", "D": "◆", "s": "■"}[LOOK[found.kept][0]]
        name = found.place.name
        name = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        limit = f" при пределе {number_ru(found.limit_mm_s)}" if found.limit_mm_s is not None else ", предела нет"
        away = "" if place in shown else f", за краем: {_way(found)}"
        lines.append((f"{place} {marker} {name}", f"до {number_ru(found.bound_mm_s)} мм/с{limit}{away}", found.kept))
    if hidden > 0:
        lines.append((f"и ещё {hidden}, доля предела у них меньше", "", None))
    y = 1.0
    for head, tail, kept in lines:
        aside.text(0, y, head, fontsize=8, va="top", color=LOOK[kept][1], transform=aside.transAxes)
        aside.text(0.04, y - 0.021, tail, fontsize=7, va="top", color=INK, transform=aside.transAxes)
        y -= 0.048
    used = {found.kept for found in listed}
    key = ", ".join(
        f"{ {'o': '●', 'D': '◆', 's': '■'}[LOOK[kept][0]] } {LOOK[kept][2]}" for kept in LOOK if kept in used
    )
    aside.text(0, -0.02, key, fontsize=7, va="top", color=GREY, transform=aside.transAxes)


def _way(found: ReceptorForecast) -> str:
    compass = COMPASS[round(found.azimuth_deg / 45) % 8]
    return f"{number_ru(found.distance_m / 1000)} км на {compass}"


def _place_words(ax: Axes, paths: Mapping[float, np.ndarray], spots: Mapping[int, Point]) -> None:
    """Numbers of receptors, then values of contours, each at the first place where it covers no other word."""
    taken = [*_outside(ax), *(_around(ax, spot, 10, 10) for spot in (*spots.values(), (0.0, 0.0)))]
    for place, spot in spots.items():
        words = str(place)
        boxes = [(offset, _around(ax, spot, 5.5 * len(words) + 2, 11, shift=offset)) for offset in AROUND]
        offset, box = _free(boxes, taken)
        taken.append(box)
        lead = {"arrowstyle": "-", "lw": 0.5, "color": GREY} if math.hypot(*offset) > LED_FROM else None
        ax.annotate(
            words,
            spot,
            xytext=offset,
            textcoords="offset points",
            fontsize=8,
            fontweight="bold",
            ha="center",
            va="center",
            arrowprops=lead,
        )
    for level, path in sorted(paths.items(), reverse=True):
        words = f"{number_ru(level)} мм/с"
        ends = [_toward(path, angle) for angle in RING_PLACES_DEG]
        boxes = [(end, _around(ax, end, 4.6 * len(words), 12)) for end in ends]
        end, box = _free(boxes, taken)
        if _covered(box, taken) > 0:
            continue  # too small a ring for a word; the list beside the map names every level
        taken.append(box)
        ax.text(
            *end, words, fontsize=8, ha="center", va="center", color=AMBER, bbox={"fc": "white", "ec": "none", "pad": 1}
        )


def _outside(ax: Axes) -> list[Bbox]:
    """What lies around the map, so that no word hangs over its frame."""
    frame, far = ax.bbox, 1e4
    return [
        Bbox.from_extents(-far, -far, frame.x0, far),
        Bbox.from_extents(frame.x1, -far, far, far),
        Bbox.from_extents(-far, -far, far, frame.y0),
        Bbox.from_extents(-far, frame.y1, far, far),
    ]


def _toward(path: np.ndarray, angle_deg: float) -> Point:
    """The point of a contour in a direction, counted from east counter-clockwise."""
    turn = np.angle((path[:, 0] + 1j * path[:, 1]) * np.exp(-1j * math.radians(angle_deg)))
    x, y = path[int(np.abs(turn).argmin())]
    return float(x), float(y)


def _around(ax: Axes, spot: Point, width: float, height: float, *, shift: tuple[float, float] = (0, 0)) -> Bbox:
    """Box of a word in pixels; width, height, shift in pixels at 72 to the inch."""
    scale = DPI / 72
    x, y = ax.transData.transform(spot)
    x, y = x + shift[0] * scale, y + shift[1] * scale
    return Bbox.from_bounds(x - width * scale / 2, y - height * scale / 2, width * scale, height * scale)


def _free(boxes: Sequence[tuple[Point, Bbox]], taken: Sequence[Bbox]) -> tuple[Point, Bbox]:
    """The first box that no other covers, else the one covered least."""
    return min(boxes, key=lambda found: _covered(found[1], taken))


def _covered(box: Bbox, taken: Sequence[Bbox]) -> float:
    cuts = [Bbox.intersection(box, other) for other in taken]
    return sum(cut.width * cut.height for cut in cuts if cut is not None)
