"""The report after a blast: what was really fired, what failed, what the cloud looked like, how the explosives were.

Fields: `blasting/norms.md` §4.5 (fume), §5.4 (quality), §6.4 (notification).
"""

from typing import Annotated, Literal

from pydantic import Field

from uskat.blast.fume import FumeObservation
from uskat.blast.passport.model import (
    MOST_HOLES,
    Code,
    CubicMetres,
    ExplosiveLoad,
    Hole,
    Kilograms,
    KilogramsOrNone,
    Moment,
    Note,
    Person,
    Share,
    Suppression,
    Words,
)
from uskat.blast.provenance import Frozen

Density = Annotated[float, Field(gt=0, le=3, json_schema_extra={"unit": "г/см³"})]
Velocity = Annotated[float, Field(gt=0, le=10_000, json_schema_extra={"unit": "м/с"})]


class Misfire(Frozen):
    """A charge that did not fire. eliminated_at None: still in the muck."""

    hole: Words = Field(title="Номер скважины")
    found_at: Moment = Field(title="Обнаружен")
    explosive_left_kg: KilogramsOrNone = Field(title="Осталось ВВ")
    eliminated_at: Moment | None = Field(None, title="Ликвидирован")
    cause: Note | None = Field(None, title="Причина")


class Acceptance(Frozen):
    """A measurement of explosives on delivery or at loading."""

    product: Code = Field(title="Код ВМ")
    batch: Words | None = Field(None, title="Партия")
    measured_at: Moment = Field(title="Когда измерено")
    density_g_cm3: Density | None = Field(None, title="Плотность")
    vod_m_s: Velocity | None = Field(None, title="Скорость детонации")
    laboratory: Words | None = Field(None, title="Кто измерил")


class Attachment(Frozen):
    """A file kept elsewhere, named by its hash."""

    name: Words = Field(title="Имя файла")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(title="SHA-256")


class Report(Frozen):
    """What happened. holes: as fired, empty when as planned."""

    schema_version: Literal[1] = Field(1, alias="schema", title="Версия схемы")
    blast_id: Code = Field(title="Номер взрыва")
    enterprise: Code = Field(title="Код предприятия")
    fired_at: Moment = Field(title="Время взрыва")
    hole_count: int = Field(title="Взорвано скважин", ge=0, le=MOST_HOLES)
    total_charge_kg: Kilograms = Field(title="Общая масса ВВ")
    max_charge_per_delay_kg: Kilograms = Field(title="Наибольшая масса ВВ в одном замедлении")
    broken_volume_m3: CubicMetres = Field(title="Объём взорванной горной массы")
    oversize_share: Share | None = Field(None, title="Выход негабарита")
    suppression: Suppression | None = Field(None, title="Пылегазоподавление")
    fume: FumeObservation | None = Field(None, title="Оценка газового облака")
    reported_by: Person = Field(title="Кто отчитался")
    explosives: tuple[ExplosiveLoad, ...] = Field(title="ВМ", min_length=1, max_length=20)
    holes: tuple[Hole, ...] = Field((), title="Скважины", max_length=MOST_HOLES)
    misfires: tuple[Misfire, ...] = Field((), title="Отказы", max_length=MOST_HOLES)
    acceptances: tuple[Acceptance, ...] = Field((), title="Приёмка ВМ", max_length=200)
    attachments: tuple[Attachment, ...] = Field((), title="Файлы", max_length=50)
    note: Note | None = Field(None, title="Примечание")

    @property
    def powder_factor_kg_m3(self) -> float:
        """Charge per m³ of broken rock (norms.md §5.4)."""
        return self.total_charge_kg / self.broken_volume_m3

    @property
    def misfired_holes(self) -> int:
        """Number of holes with a misfire."""
        return len({misfire.hole for misfire in self.misfires})
