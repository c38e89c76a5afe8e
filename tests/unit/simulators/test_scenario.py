import pytest

from simulators.scenario import ScenarioError, load_scenario, parse_scenario, scenario_names
from uskat.water.network import demo_network

NETWORK = demo_network()
HEAD = "name: x\ntitle: x\nabout: x\n"


@pytest.mark.parametrize("name", scenario_names())
def test_the_scenarios_of_the_package_are_valid_and_named_like_their_files(name):
    assert load_scenario(name, NETWORK).name == name


def test_the_issue_asks_for_these():
    wanted = {
        "demo",
        "discharge_mine_water",
        "washery",
        "sewage",
        "rain_melt",
        "faults",
        "offline_late",
        "blasts",
        "quiet",
    }
    assert wanted <= set(scenario_names())


def test_a_scenario_may_be_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD, encoding="utf-8")
    assert load_scenario(str(path), NETWORK).name == "x"
    with pytest.raises(ScenarioError, match="cannot read"):
        load_scenario(str(tmp_path / "other.yaml"), NETWORK)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ScenarioError, match="no scenario 'holiday'; there are blasts, demo"):
        load_scenario("holiday", NETWORK)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not YAML"),
        ("- 1", "Expected `object`"),
        ("name: x", "missing required field `title`"),
        (HEAD + "colour: red", "unknown field `colour`"),
        (HEAD + "backfill_hours: -1", r"backfill_hours"),
        (HEAD + "discharges: [{outlet: out-kp-1, duration_min: 0, start_min: 0, share: 0.1}]", r"\$\.discharges\[0\]\.duration_min"),
        (HEAD + "discharges: [{outlet: nowhere, duration_min: 1, start_min: 0, share: 0.1}]", "no outlet 'nowhere'"),
        (HEAD + "discharges: [{outlet: out-kp-1, duration_min: 1, share: 0.1}]", "either start_min or arrives"),
        (HEAD + "discharges: [{outlet: out-kp-1, duration_min: 1, start_min: 0}]", "either flow_m3_s or share"),
        (
            HEAD + "discharges: [{outlet: out-kp-1, duration_min: 1, arrives: {station: TA-1, at_min: 0}, share: 0.1}]",
            "never reaches 'TA-1'",
        ),
        (HEAD + "blasts: [{pit: moon, at_min: 0}]", "no pit 'moon'"),
        (HEAD + "blasts: [{pit: dalny, at_min: 0, holes: 0}]", "holes"),
        (HEAD + "faults: [{device: U-21, kind: melted, start_min: 0, duration_min: 1}]", "melted"),
        (HEAD + "faults: [{device: U-21, kind: stuck, start_min: 0, duration_min: 1}]", "needs a parameter"),
        (HEAD + "faults: [{device: U-21, kind: clock_1970, parameter: ph, start_min: 0, duration_min: 1}]", "has no parameter"),
        (HEAD + "faults: [{device: KU-1, kind: stuck, parameter: orp, start_min: 0, duration_min: 1}]", "does not measure 'orp'"),
        (HEAD + "silent: [{device: U-99, start_min: 0}]", "no device 'U-99'"),
        (HEAD + "silent: [{device: KU-1, start_min: 0, parameters: [orp]}]", "does not measure orp"),
        (HEAD + "offline: [{device: U-21, start_min: 0, duration_min: 5, repeat: 9}]", "repeat"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(text, words):
    with pytest.raises(ScenarioError, match=words):
        parse_scenario(text, NETWORK)
