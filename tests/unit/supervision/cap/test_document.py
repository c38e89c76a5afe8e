"""CAP 1.2 and Atom: valid for any public alert, taken back by reference, never telling people what a person must say."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.cap_schema import OASIS, RULES, check
from uskat.finding import FindingKind, Severity
from uskat.supervision.cap.area import AROUND_KM, alert_area, ring_around
from uskat.supervision.cap.atom import FeedEntry, atom_feed
from uskat.supervision.cap.document import cap_document
from uskat.supervision.cap.history import Entry, messages
from uskat.supervision.cap.message import Area, CapAlert, CapEvent
from uskat.supervision.handling.weight import Reached
from uskat.water.network import demo_network

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"
T0 = datetime(2026, 6, 1, 4, 0, 30, 250, tzinfo=UTC)
OPENED = CapEvent("e11", T0, cancels=False)
AREA = Area(
    "Река ниже поста", "The river below", rings=(ring_around([(87.0, 54.0)], 1.0),), circles=(((87.0, 54.0), 1),)
)


def alert(**changes):
    values = {
        "id": 5, "sender": "uskat.test", "kind": FindingKind.EXCEEDANCE, "severity": Severity.VIOLATION,
        "title": "Аммоний-ион выше норматива", "title_en": "Ammonium above the norm",
        "reasons": ("Среднее за 20 минут выше норматива.",), "figures": {"peak": "1.4 мг/дм³"}, "started_at": T0,
        "ended_at": None, "confirmed": False, "demo": False, "word": "Проверяем",
        "web": "https://uskat.test/api/v1/alerts/5", "area": AREA, "events": (OPENED,),
    } | changes  # fmt: skip
    return CapAlert(**values)


def text(root, path):
    return root.findtext("/".join(f"{CAP}{name}" for name in path.split("/")))


def read(one):
    body = cap_document(one)
    check(body)
    return ET.fromstring(body)


def test_a_new_alert_is_a_message_in_two_languages_with_an_area():
    root = read(alert())
    assert (text(root, "identifier"), text(root, "msgType"), text(root, "status")) == ("uskat-5-e11", "Alert", "Actual")
    assert text(root, "sent") == "2026-06-01T11:00:30+07:00"
    assert [one.text for one in root.iter(f"{CAP}language")] == ["ru-RU", "en-US"]
    assert [one.text for one in root.iter(f"{CAP}event")] == ["Аммоний-ион выше норматива", "Ammonium above the norm"]
    assert [one.text for one in root.iter(f"{CAP}certainty")] == ["Likely", "Likely"]
    ring = text(root, "info/area/polygon").split()
    assert ring[0] == ring[-1]
    assert len(ring) >= 4
    assert text(root, "references") is None


def test_a_withdrawn_alert_is_cancelled_by_reference_to_every_earlier_message():
    events = (
        OPENED,
        CapEvent("e12", T0 + timedelta(hours=1), cancels=False),
        CapEvent("s3", T0 + timedelta(hours=2), cancels=True),
    )
    root = read(alert(events=events, ended_at=T0 + timedelta(hours=1)))
    assert text(root, "msgType") == "Cancel"
    assert text(root, "references") == (
        "uskat.test,uskat-5-e11,2026-06-01T11:00:30+07:00 uskat.test,uskat-5-e12,2026-06-01T12:00:30+07:00"
    )
    assert (text(root, "info/certainty"), text(root, "info/responseType")) == ("Unlikely", "AllClear")


def test_what_people_confirmed_is_observed_and_what_is_over_is_past():
    update = (OPENED, CapEvent("s2", T0 + timedelta(hours=1), cancels=False))
    root = read(alert(events=update, confirmed=True, severity=Severity.EXTREME))
    assert (text(root, "msgType"), text(root, "info/certainty"), text(root, "info/severity")) == (
        "Update", "Observed", "Extreme",
    )  # fmt: skip
    over = read(alert(events=update, ended_at=T0 + timedelta(minutes=40)))
    assert (text(over, "info/urgency"), text(over, "info/responseType")) == ("Past", "AllClear")


def test_a_demo_is_a_test_and_no_message_tells_people_what_to_do():
    root = read(alert(demo=True, report="https://uskat.test/complaints"))
    assert text(root, "status") == "Test"
    told = [one.text for one in root.iter(f"{CAP}instruction")]
    watch, heed = "Что делать, говорят только органы власти", "Only the authorities tell what to do"
    assert (told[0].partition(":")[0], told[1].partition(":")[0]) == (watch, heed)
    assert all(one.endswith("https://uskat.test/complaints") for one in told)


def test_the_headline_says_where_and_each_block_speaks_one_language():
    long = read(alert(title="Ж" * 200, place="Ускат у моста (демо)"))
    assert text(long, "info/headline").endswith("Ж – Ускат у моста (демо)")
    assert len(text(long, "info/headline")) == 160
    root = read(
        alert(place="Ускат у моста №1", figures={"peak": "1.4 мг/дм³", "limit": "0.5 мг/дм³", "ratio": "2.8 раз"})
    )
    russian, english = root.findall(f"{CAP}info")
    assert text(russian, "headline") == "Аммоний-ион выше норматива – Ускат у моста №1"
    assert text(english, "headline") == "Ammonium above the norm – Uskat u mosta No. 1"
    said = text(english, "description")
    assert "Highest 1.4 mg/L; limit 0.5 mg/L; 2.8 times the limit" in said
    assert "Since 01.06.2026 11:00 (Novokuznetsk time, UTC+7)" in said
    words = " ".join(one.text for one in english.iter() if one.text and one.tag != f"{CAP}senderName")
    assert not set(words.lower()) & set("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")


def test_a_message_is_in_force_while_it_lasts_and_a_day_after():
    week = read(alert())
    assert text(week, "info/expires") == "2026-06-08T11:00:30+07:00"
    over = read(alert(ended_at=T0 - timedelta(hours=3)))
    assert text(over, "info/expires") == "2026-06-02T11:00:30+07:00"  # not expired as it is sent


def test_an_english_name_of_an_area_keeps_its_letters():
    root = read(alert(area=Area("Река ниже поста Щучий", "The river below Щучий", rings=AREA.rings, circles=())))
    assert [item.text for item in root.iter(f"{CAP}areaDesc")] == ["Река ниже поста Щучий", "The river below Shchuchiy"]


def test_a_cancel_says_why_in_its_note():
    events = (OPENED, CapEvent("e12", T0 + timedelta(hours=1), cancels=True, why="данные исправлены."))
    root = read(alert(events=events, word="Не подтвердилось", demo=True))
    assert text(root, "note").startswith("Отозвано: данные исправлены. Withdrawn: it was not confirmed. Демо:")
    silent = read(alert(events=(OPENED, CapEvent("e12", T0, cancels=True)), word="Не подтвердилось: датчик"))
    assert text(silent, "note") == "Отозвано: Не подтвердилось: датчик. Withdrawn: it was not confirmed."


words = st.text(min_size=1, max_size=300)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
alerts = st.builds(
    alert,
    id=st.integers(1, 10**9), kind=st.sampled_from(FindingKind), severity=st.sampled_from(Severity), title=words,
    title_en=st.one_of(st.just(""), words), reasons=st.lists(words, max_size=4),
    figures=st.dictionaries(st.text("abcdef_", min_size=1), words, max_size=3), started_at=moments,
    ended_at=st.one_of(st.none(), moments), confirmed=st.booleans(), demo=st.booleans(), word=words,
    events=st.lists(
        st.builds(CapEvent, key=st.from_regex(r"[es][0-9]{1,9}", fullmatch=True), at=moments, cancels=st.booleans()),
        min_size=1, max_size=5,
    ),
)  # fmt: skip


@settings(max_examples=150)
@given(alerts)
def test_any_alert_makes_a_valid_message(one):
    root = read(one)
    assert text(root, "identifier") == f"uskat-{one.id}-{one.events[-1].key}"
    assert len((text(root, "references") or "").split()) == len(one.events) - 1


@pytest.mark.parametrize(
    ("broken", "with_", "by_oasis"),
    [
        (b"+07:00</sent>", b"Z</sent>", True),
        (b"<msgType>Alert", b"<msgType>Alarm", True),
        (b"<event>", b"<headline>again</headline><event>", True),
        (b"<certainty>Likely", b"<certainty>Very Likely", True),
        (b"<identifier>uskat-5-e11", b"<identifier>uskat 5,e11", False),
        (b"54.", b"fifty-four.", False),
    ],
)
def test_the_rules_notice_what_the_standard_forbids(broken, with_, by_oasis):
    body = cap_document(alert())
    assert broken in body
    changed = body.replace(broken, with_).decode()
    assert OASIS.is_valid(changed) is not by_oasis
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        RULES.validate(changed)


def test_the_area_of_a_post_is_its_reach_and_the_villages_its_water_comes_to():
    network = demo_network()
    post = network.station_of["U-43"]
    village = Reached("terentyevskoye", "Терентьевское", timedelta(hours=2))
    area = alert_area(network, "U-43", name=post.name, at=(post.longitude, post.latitude), reached=[village])
    assert "Терентьевское" in area.name
    assert len(area.circles) == 1
    [ring] = area.rings
    assert inside(ring, (post.longitude, post.latitude))
    below = network.station_of["U-36"]
    assert inside(ring, (below.longitude, below.latitude))
    seismic = network.station_of["SEIS-TALDA-1"]
    around = alert_area(network, "SEIS-TALDA-1", name=seismic.name, at=(seismic.longitude, seismic.latitude))
    assert (around.rings, len(around.circles)) == ((), 1)


def inside(ring, point):
    """True when a point lies to the left of every side of a counter-clockwise convex ring."""
    sides = pairwise(ring)
    return all((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax) >= 0 for (ax, ay), (bx, by) in sides)


@given(st.lists(st.tuples(st.floats(86, 88), st.floats(53, 55)), min_size=1, max_size=20))
def test_a_ring_is_closed_and_holds_every_point_with_its_distance(points):
    ring = ring_around(points, AROUND_KM)
    assert ring[0] == ring[-1]
    assert len(set(ring)) >= 4
    assert all(inside(ring, (x, y + 0.99 * AROUND_KM / 111.32)) for x, y in points)


def test_the_feed_has_what_atom_demands_newest_first():
    entries = [
        FeedEntry(n, f"Тревога {n} <&>", "Проверяем", "exceedance", T0, T0 + timedelta(hours=n), f"https://u/{n}/cap", "w")
        for n in (1, 3, 2)
    ]  # fmt: skip
    root = ET.fromstring(atom_feed(entries, sender="uskat.test", address="https://u/feed", now=T0))
    assert root.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated"):
        assert [len(node.findall(f"{ATOM}{name}")) for node in (root, *root.iter(f"{ATOM}entry"))] == [1] * 4
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    assert [one.findtext(f"{ATOM}title") for one in root.iter(f"{ATOM}entry")] == [
        f"Тревога {n} <&>" for n in (3, 2, 1)
    ]
    ids = [one.findtext(f"{ATOM}id") for one in root.iter(f"{ATOM}entry")]
    assert len(set(ids)) == 3
    link = root.find(f"{ATOM}entry/{ATOM}link[@rel='alternate']")
    assert (link.get("type"), link.get("href")) == ("application/cap+xml", "https://u/3/cap")
    empty = ET.fromstring(atom_feed([], sender="uskat.test", address="https://u/feed", now=T0))
    assert empty.findtext(f"{ATOM}updated") == "2026-06-01T04:00:30Z"


def keys(*entries):
    told = messages([Entry(key, word, T0 + timedelta(hours=n)) for n, (key, word) in enumerate(entries)])
    return [(one.key, one.cancels) for one in told]


def test_a_rejected_alert_stays_cancelled_whatever_the_sensor_does_until_people_reconsider():
    course = [("e1", "opened"), ("s2", "reject"), ("e2", "returned"), ("e3", "reopened"), ("s5", "reconsider")]
    assert keys(*course[:2]) == [("e1", False), ("s2", True)]
    assert keys(*course[:4]) == [("e1", False), ("s2", True)]
    assert keys(*course) == [("e1", False), ("s2", True), ("s5", False)]
    assert keys(("e1", "opened"), ("e2", "withdrawn"), ("e3", "reopened")) == [
        ("e1", False),
        ("e2", True),
        ("e3", False),
    ]


def test_who_has_an_alert_is_no_news_for_the_public():
    assert keys(("e1", "opened"), ("s2", "acknowledge"), ("s3", "confirm")) == [("e1", False), ("s3", False)]
