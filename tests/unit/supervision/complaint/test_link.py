"""What stood beside a complaint: the nearest in place and time, in words, and never silence for «in order»."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from uskat.supervision.complaint.filing import Topic
from uskat.supervision.complaint.link import (
    Link,
    LinkKind,
    Reading,
    SeenAlert,
    SeenBlast,
    SeenShake,
    Surroundings,
    find_links,
)
from uskat.supervision.complaint.policy import complaint_policy

LOCAL = ZoneInfo("Asia/Novokuznetsk")
AT = datetime(2026, 6, 2, 5, 5, tzinfo=UTC)
PLACE = (87.0, 54.0)
NEAR, FAR = (87.03, 54.0), (88.0, 54.0)
POLICY = complaint_policy()
PH = Reading("U-1", "Ускат выше", NEAR, "ph", ("pH", "pH"), ("ед. pH", "pH"), AT, 8.125)
SHAKE = SeenShake("S01", "Школа", NEAR, AT - timedelta(minutes=2), 1.234, 5.0, above=False)
BLAST = SeenBlast("kedrovaya/b-1", "Кедровая падь", NEAR, AT - timedelta(minutes=2))


def links(topic: Topic, **found: object) -> list[Link]:
    surroundings = Surroundings(**({"stations": [NEAR]} | found))  # type: ignore[arg-type]
    return find_links(surroundings, topic=topic, place=PLACE, happened_at=AT, policy=POLICY, zone=LOCAL)


def test_a_complaint_of_water_hears_what_the_station_showed_nearest_in_time():
    earlier = replace(PH, start=AT - timedelta(hours=2), mean=6.0)
    other = replace(PH, parameter="temp", name=("температура", "temperature"), unit=("°C", "°C"), mean=11.0)
    (link,) = links(Topic.WATER, readings=[earlier, PH, other], blasts=[BLAST], shakes=[SHAKE])
    assert link.text == (
        "В это время (12:05) станция «Ускат выше» в 1,97 км показала: pH 8,12 ед. pH, температура 11 °C."
    )
    assert link.kind is LinkKind.READING


def test_the_interval_that_holds_the_moment_speaks_not_the_one_that_begins_soon_after():
    held = replace(PH, start=AT - timedelta(minutes=19), mean=9.5)
    (link,) = links(Topic.WATER, readings=[replace(PH, start=AT + timedelta(minutes=1)), held])
    assert "(11:46)" in link.text
    assert "pH 9,5" in link.text


def test_a_complaint_of_a_blast_hears_of_the_blast_and_whether_it_was_allowed():
    blast, shake = links(Topic.BLAST, readings=[PH], blasts=[BLAST], shakes=[SHAKE])
    assert blast.text == "В 12:03 зарегистрирован взрыв на разрезе «Кедровая падь», в 1,97 км."
    assert "PPV 1,23 мм/с, допустимо (до 5 мм/с)" in shake.text
    (above,) = links(Topic.BLAST, shakes=[replace(SHAKE, above=True)])
    assert "выше допустимого" in above.text
    (unknown,) = links(Topic.BLAST, shakes=[replace(SHAKE, limit_mm_s=None)])
    assert "допустимо" not in unknown.text


def test_an_undeclared_blast_is_told_as_such():
    (event,) = links(Topic.BLAST, blasts=[SeenBlast("event:S01", None, NEAR, AT)])
    assert (event.kind, "без объявления" in event.text) == (LinkKind.EVENT, True)


def test_what_is_far_or_at_another_time_stands_not_beside_it():
    nothing = links(
        Topic.BLAST,
        blasts=[replace(BLAST, place=FAR), replace(BLAST, at=AT - timedelta(hours=2))],
        shakes=[replace(SHAKE, place=FAR), replace(SHAKE, at=AT + timedelta(hours=1))],
        alerts=[SeenAlert(5, "Далеко", FAR, AT, "pH выше", "pH above")],
    )
    assert [link.kind for link in nothing] == [LinkKind.NONE]
    assert "ничего не сохранено" in nothing[0].text


def test_no_station_near_is_told_even_where_a_blast_is_known():
    found = links(Topic.BLAST, stations=[FAR], blasts=[BLAST])
    assert [link.kind for link in found] == [LinkKind.BLAST, LinkKind.NONE]
    assert "нет станции" in found[1].text


def test_the_strongest_record_of_a_station_speaks_and_the_list_is_bounded():
    many = [replace(SHAKE, station=f"S{number:02d}") for number in range(20)]
    found = links(Topic.BLAST, shakes=[*many, replace(SHAKE, station="S00", ppv_mm_s=4.5)])
    assert len(found) == POLICY.blast.most
    assert "PPV 4,5" in found[0].text
