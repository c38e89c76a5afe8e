"""What a company files about a blast: the passport before it, the report after it.

Fields: `blasting/norms.md` §6.4 (blast notification) and §5.4 (quality indicators); the acts ask for the same things
in a technical calculation of a mass blast (order 494 of Rostekhnadzor, appendix 10). Times are aware and kept in UTC.
Titles are Russian, for the form and its errors; units travel with the type. JSON Schema: `uskat.blast.passport.schema`.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from uskat.blast.geometry import Point, area_m2, crosses_itself
from uskat.blast.provenance import Frozen

CODE_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(max_length=2000)]
Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Metres = Annotated[float, Field(gt=0, le=20_000, json_schema_extra={"unit": "м"})]
MetresOrNone = Annotated[float, Field(ge=0, le=20_000, json_schema_extra={"unit": "м"})]
Millimetres = Annotated[float, Field(gt=0, le=1000, json_schema_extra={"unit": "мм"})]
Kilograms = Annotated[float, Field(gt=0, le=20_000_000, json_schema_extra={"unit": "кг"})]
KilogramsOrNone = Annotated[float, Field(ge=0, le=20_000_000, json_schema_extra={"unit": "кг"})]
Milliseconds = Annotated[float, Field(ge=0, le=600_000, json_schema_extra={"unit": "мс"})]
CubicMetres = Annotated[float, Field(gt=0, json_schema_extra={"unit": "м³"})]
Longitude = Annotated[float, Field(ge=-180, le=180, json_schema_extra={"unit": "° в. д."})]
Latitude = Annotated[float, Field(ge=-85, le=85, json_schema_extra={"unit": "° с. ш."})]
Share = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "доля"})]
LEAST_BLOCK_M2 = 1.0
MOST_HOLES = 5000
"""Charges of one blast; more is a mistake, and checks must stay quick."""


class StemmingMaterial(StrEnum):
    """What closes the hole above the charge."""

    CUTTINGS = "cuttings"
    CRUSHED_ROCK = "crushed_rock"
    SAND = "sand"
    WATER = "water"
    GEL = "gel"
    NONE = "none"


class InitiationSystem(StrEnum):
    """How the charges are fired."""

    ELECTRONIC = "electronic"
    NONELECTRIC = "nonelectric"
    DETONATING_CORD = "detonating_cord"
    ELECTRIC = "electric"


class Ground(StrEnum):
    """Ground under the protected object, as the seismic distance of ФНП 494 divides it."""

    ROCK_DENSE = "rock_dense"
    ROCK_DISTURBED = "rock_disturbed"
    SOIL_DRY = "soil_dry"
    SOIL_WET = "soil_wet"
    SOIL_SATURATED = "soil_saturated"


class SuppressionMethod(StrEnum):
    """What keeps dust and gas down."""

    NONE = "none"
    WATER_STEMMING = "water_stemming"
    IRRIGATION = "irrigation"
    GEL_STEMMING = "gel_stemming"


class Corner(Frozen):
    """A corner of the block, WGS 84."""

    longitude: Longitude = Field(title="Долгота")
    latitude: Latitude = Field(title="Широта")


class Window(Frozen):
    """When the blast is to be fired."""

    planned_from: Moment = Field(title="Начало окна взрыва")
    planned_to: Moment = Field(title="Конец окна взрыва")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.planned_to <= self.planned_from:
            raise PydanticCustomError("window_backwards", "the window ends before it begins")
        return self

    def covers(self, moment: datetime) -> bool:
        """True when a moment lies in the window, both ends included."""
        return self.planned_from <= moment <= self.planned_to


class Pattern(Frozen):
    """Grid of holes and height of the bench."""

    spacing_m: Metres = Field(title="Расстояние между скважинами в ряду")
    burden_m: Metres = Field(title="Расстояние между рядами (ЛНС)")
    bench_m: Metres = Field(title="Высота уступа")
    subdrill_m: MetresOrNone = Field(0.0, title="Перебур")


class Hole(Frozen):
    """One charge of one hole; a hole with several decks is several of these with the same number."""

    number: Annotated[str, Field(min_length=1, max_length=32)] = Field(title="Номер скважины")
    deck: int = Field(1, title="Номер заряда в скважине", ge=1, le=20)
    depth_m: Metres = Field(title="Глубина скважины")
    diameter_mm: Millimetres = Field(title="Диаметр скважины")
    charge_kg: Kilograms = Field(title="Масса заряда")
    charge_length_m: Metres = Field(title="Длина заряда")
    stemming_m: MetresOrNone = Field(title="Длина забойки")
    delay_ms: Milliseconds = Field(title="Время взрыва от начала", description="от срабатывания первого заряда")
    product: Code | None = Field(None, title="Код ВМ", description="как на листе ВМ; пусто, если ВМ одно")
    longitude: Longitude | None = Field(None, title="Долгота")
    latitude: Latitude | None = Field(None, title="Широта")


class ExplosiveLoad(Frozen):
    """How much of one product."""

    product: Code = Field(title="Код ВМ", description="код реестра, например anfo, emulsion, grammonite-79-21")
    name: Words = Field(title="Название ВМ")
    mass_kg: Kilograms = Field(title="Масса")
    permit: Words | None = Field(None, title="Номер разрешения на применение")
    batch: Words | None = Field(None, title="Партия")


class Stemming(Frozen):
    """Stemming of the block."""

    material: StemmingMaterial = Field(title="Материал забойки")
    length_m: MetresOrNone = Field(title="Проектная длина забойки")


class Rock(Frozen):
    """What is broken."""

    volume_m3: CubicMetres = Field(title="Объём взрываемой горной массы")
    name: Words = Field(title="Порода")
    hardness_f: float = Field(title="Коэффициент крепости по Протодьяконову f", gt=0, le=25)
    group: int | None = Field(None, title="Группа грунтов и пород", ge=1, le=11)


class Initiation(Frozen):
    """How it is fired."""

    system: InitiationSystem = Field(title="Система инициирования")
    maker: Words | None = Field(None, title="Изготовитель, марка")


class DangerZone(Frozen):
    """Declared radii of the danger zone."""

    people_m: Metres = Field(title="Опасная зона для людей")
    equipment_m: Metres = Field(title="Опасная зона для механизмов и сооружений")


class RoadClosure(Frozen):
    """A road closed for the blast."""

    road: Words = Field(title="Дорога, участок")
    closed_from: Moment = Field(title="Закрыта с")
    closed_to: Moment = Field(title="Закрыта до")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.closed_to <= self.closed_from:
            raise PydanticCustomError("window_backwards", "the closure ends before it begins")
        return self


class Person(Frozen):
    """Who answers."""

    name: Words = Field(title="ФИО")
    position: Words = Field(title="Должность")
    phone: Words = Field(title="Телефон")


class Suppression(Frozen):
    """Suppression of dust and gas with its declared efficiency."""

    method: SuppressionMethod = Field(title="Способ пылегазоподавления")
    dust_efficiency: Share = Field(0.0, title="Эффективность по пыли")
    gas_efficiency: Share = Field(0.0, title="Эффективность по газам")


class Passport(Frozen):
    """The plan of one blast."""

    schema_version: Literal[1] = Field(1, alias="schema", title="Версия схемы")
    blast_id: Code = Field(title="Номер взрыва", description="латиница, цифры, точка, дефис; у предприятия один раз")
    enterprise: Code = Field(title="Код предприятия")
    licence: Words = Field(title="Номер лицензии")
    pit: Code = Field(title="Код карьера (разреза)")
    block: Words = Field(title="Блок, горизонт")
    window: Window = Field(title="Окно взрыва")
    hole_count: int = Field(title="Число скважин", ge=1, le=MOST_HOLES)
    total_charge_kg: Kilograms = Field(title="Общая масса ВВ")
    max_charge_per_delay_kg: Kilograms = Field(title="Наибольшая масса ВВ в одном замедлении")
    pattern: Pattern = Field(title="Сетка скважин")
    rock: Rock = Field(title="Горная масса")
    stemming: Stemming = Field(title="Забойка")
    initiation: Initiation = Field(title="Инициирование")
    suppression: Suppression | None = Field(None, title="Пылегазоподавление")
    danger_zone: DangerZone = Field(title="Опасная зона")
    responsible: Person = Field(title="Ответственный руководитель взрыва")
    block_polygon: tuple[Corner, ...] = Field(title="Контур блока", min_length=3, max_length=200)
    holes: tuple[Hole, ...] = Field(title="Скважины", min_length=1, max_length=MOST_HOLES)
    explosives: tuple[ExplosiveLoad, ...] = Field(title="ВМ", min_length=1, max_length=20)
    closed_roads: tuple[RoadClosure, ...] = Field((), title="Перекрытые дороги", max_length=50)
    note: Note | None = Field(None, title="Примечание")

    @model_validator(mode="after")
    def _block_is_an_area(self) -> Self:
        if crosses_itself(self.ring):
            raise PydanticCustomError("block_crosses_itself", "the outline of the block crosses itself")
        if area_m2(self.ring) < LEAST_BLOCK_M2:
            raise PydanticCustomError("block_without_area", "the outline of the block has no area")
        return self

    @property
    def ring(self) -> list[Point]:
        """Outline of the block as (longitude, latitude) in degrees, not closed."""
        points = [(corner.longitude, corner.latitude) for corner in self.block_polygon]
        return points[:-1] if points[0] == points[-1] else points

    @property
    def powder_factor_kg_m3(self) -> float:
        """Declared charge per m³ of rock (norms.md §5.4)."""
        return self.total_charge_kg / self.rock.volume_m3
