"""What the documentation says of the code is true, and what the code has is documented."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from services.api.access import (
    ACCESS,
    ADMINS,
    AGENCY_ROLES,
    CUSTODIANS,
    ENTERPRISES,
    EVERYBODY,
    INSIDERS,
    INSPECTORS,
    KEEPERS,
    METROLOGISTS,
    OPERATORS,
    PEOPLE,
    SENDERS,
)
from services.api.errors import ApiError
from services.api.problem import PROBLEMS
from services.settings import Settings
from services.storage.tables import metadata
from tests.architecture.source import ROOT, source_files
from uskat.blast.passport.lifecycle import BlastStatus, PostponeReason
from uskat.finding import FindingKind, Severity
from uskat.supervision.reconcile import AlertEvent, AlertState
from uskat.water.norms import norm_packs
from uskat.water.parameters import parameters
from uskat.wire.ack import decode_ack
from uskat.wire.errors import RejectReason
from uskat.wire.seismic import decode_miniseed
from uskat.wire.senml import decode_senml
from uskat.wire.status import decode_histogram, decode_status
from uskat.wire.topic import MessageKind
from uskat.wire.water import Mode, decode_water

DOCS = ROOT / "docs"
DECODERS = {
    "water": decode_water,
    "senml": decode_senml,
    "seismic": decode_miniseed,
    "histogram": decode_histogram,
    "status": decode_status,
    "ack": decode_ack,
}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def first_cells(name: str) -> set[str]:
    """Code words in the first column of a page's tables."""
    rows = re.findall(r"^\| (`[^|]+) \|", page(name), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_every_documented_topic_has_a_decoder_and_every_kind_is_documented():
    documented = set(re.findall(r"^\| `uskat/v1/\{device\}/(\w+)`", page("reference/wire.md"), re.MULTILINE))
    assert documented == {kind.value for kind in MessageKind} == set(DECODERS)


WIRE_EXAMPLES = re.findall(
    r'```json title="(\w+)"\n(.*?)```', (DOCS / "reference/wire.md").read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize(("kind", "payload"), WIRE_EXAMPLES, ids=[kind for kind, _ in WIRE_EXAMPLES])
def test_documented_payloads_are_understood_whole(kind, payload):
    json.loads(payload)
    decoded = DECODERS[kind](payload.encode())
    assert getattr(decoded, "refusals", []) == []


def test_every_json_format_has_an_example():
    assert {kind for kind, _ in WIRE_EXAMPLES} == {"water", "senml", "histogram", "status", "ack"}


def test_every_reject_reason_is_explained_and_no_other():
    assert first_cells("reference/rejects.md") == {reason.value for reason in RejectReason}


def test_every_parameter_is_in_the_wire_reference_with_its_unit():
    listed = dict(re.findall(r"^\| `(\w+)` \| [^|]+–[^|]+ \| (\S+) \(", page("reference/wire.md"), re.MULTILINE))
    assert listed == {parameter.code: parameter.unit for parameter in parameters().values()}


def test_every_table_is_described_and_no_other():
    assert first_cells("reference/storage.md") == set(metadata.tables)


def test_every_setting_is_described_and_no_other():
    assert first_cells("reference/settings.md") == {f"USKAT_{name.upper()}" for name in Settings.model_fields}


def test_the_documented_defaults_are_the_defaults():
    rows = re.findall(r"^\| `USKAT_(\w+)` \| (?:`([^`]*)`|–) \|", page("reference/settings.md"), re.MULTILINE)
    documented = {name.lower(): default or None for name, default in rows}
    assert documented == {name: _plain(field.default) for name, field in Settings.model_fields.items()}


def _plain(default):
    secret = getattr(default, "get_secret_value", None)
    return None if default is None else str(secret() if secret else default)


def cli_commands(command, path=()):
    """Every command of the command line as the words one types."""
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if getattr(child, "commands", None):
            yield from cli_commands(child, (*path, name))
        else:
            yield " ".join(("uskat", *path, name))


def test_every_command_is_described_and_no_other():
    from typer.main import get_command

    from services.cli.main import app

    documented = {words for words in first_cells("reference/cli.md") if words.startswith("uskat ")}
    assert documented == set(cli_commands(get_command(app)))


def test_every_route_is_described_with_who_may_use_it():
    rows = re.findall(
        r"^\| `(GET|POST|PUT|DELETE) (\S+)` \| (\w+(?:, \w+)*) \|", page("reference/http.md"), re.MULTILINE
    )
    documented = {(method, route): who for method, route, who in rows}
    words = {
        AGENCY_ROLES: "agency",
        EVERYBODY: "everybody", OPERATORS: "operate", SENDERS: "ingest", ENTERPRISES: "enterprise",
        INSIDERS: "enterprise, operate", INSPECTORS: "inspector", ADMINS: "admin",
        KEEPERS: "operate, admin",
        METROLOGISTS: "metrologist", CUSTODIANS: "metrologist, admin", PEOPLE: "people",
    }  # fmt: skip
    assert documented == {key: words[roles] for key, roles in ACCESS.items()}


def test_every_metric_is_described_and_no_other():
    pattern = re.compile(r"\b(Counter|Gauge|Histogram|Summary)\(\s*[\"'](uskat_\w+)[\"']")
    measured = {
        f"{name.removesuffix('_total')}_total" if kind == "Counter" else name
        for file in source_files("services")
        for kind, name in pattern.findall(file.text)
    }
    assert first_cells("reference/metrics.md") == measured


VOCABULARY = (FindingKind, Severity, AlertState, AlertEvent, Mode, BlastStatus, PostponeReason)


@pytest.mark.parametrize("words", VOCABULARY)
def test_every_word_of_the_vocabulary_is_in_the_glossary(words):
    terms = set(re.findall(r"`(\w+)`", page("glossary.md")))
    assert {word.value for word in words} <= terms


def test_every_norm_names_its_document_and_how_far_it_is_verified():
    for pack in norm_packs().values():
        assert pack.title
        assert pack.sources
        assert all(item.source and item.level for item in pack.norms)


def test_every_error_has_a_row_in_the_table_of_answers():
    def kinds(error):
        return {error, *(kind for child in error.__subclasses__() for kind in kinds(child))}

    leaves = {kind for kind in kinds(ApiError) if not kind.__subclasses__()}
    assert leaves <= set(PROBLEMS)
    statuses = {str(int(kind.status)) for kind in PROBLEMS.values()} - {"500"}
    assert set(re.findall(r"^\| (\d{3}) \|", page("reference/http.md"), re.MULTILINE)) == statuses


def test_the_head_file_names_the_newest_revision():
    versions = ROOT / "migrations/versions"
    texts = [path.read_text(encoding="utf-8") for path in versions.glob("[0-9]*.py")]
    revisions = {re.search(r'^revision\b.*= "([^"]+)"', text, re.MULTILINE).group(1) for text in texts}
    replaced = {name for text in texts for name in re.findall(r'^down_revision\b.*= "([^"]+)"', text, re.MULTILINE)}
    assert replaced <= revisions
    assert (revisions - replaced) == {(ROOT / "migrations/HEAD").read_text(encoding="utf-8").strip()}


def test_every_page_is_in_the_navigation_and_every_decision_in_order():
    def pages(entry):
        if isinstance(entry, str):
            return [entry]
        children = entry if isinstance(entry, list) else list(entry.values())
        return [name for child in children for name in pages(child)]

    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert set(pages(navigation)) == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "adr").glob("0*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_documentation_builds_strictly_with_every_link_resolved(tmp_path):
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict", "--site-dir", str(tmp_path / "site")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    home = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    fetched = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', home)
    assert fetched == [], "a page that fetches from another host does not work on a closed network"


def test_files_named_in_the_documentation_exist():
    named = {
        (path.name, word)
        for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "README.ru.md", ROOT / "CONTRIBUTING.md"]
        for word in re.findall(r"`((?:uskat|services|simulators|tests|deploy|migrations|benchmarks|docs)/[\w./-]+)`",
                               path.read_text(encoding="utf-8"))
        if not word.startswith(("uskat/v1", "deploy/secrets"))
    }  # fmt: skip
    assert [(page, word) for page, word in sorted(named) if not (ROOT / word).exists()] == []


def test_the_readme_shows_the_two_commands_that_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme
    assert "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    texts = [
        path.read_text(encoding="utf-8") for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "README.ru.md"]
    ]
    asked = {target for text in texts for target in re.findall(r"\bmake ([a-z]+)\b(?=[`\s])", text)}
    assert asked & {"demo", "test", "check"} == {"demo", "test", "check"}
    assert {target for text in texts for target in re.findall(r"`make ([a-z]+)", text)} <= targets


def test_the_modules_that_the_makefile_runs_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    modules = set(re.findall(r"python -m ((?:tests|benchmarks)[\w.]*)", makefile))
    assert len(modules) == 4
    places = [ROOT / module.replace(".", "/") for module in modules]
    assert [
        str(place) for place in places if not (place.with_suffix(".py").exists() or (place / "__main__.py").exists())
    ] == []
