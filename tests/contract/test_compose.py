"""docker-compose.yml keeps the compose specification and its own promises (no Docker engine is needed to know that)."""

import copy
import importlib.resources
import json
import re
import shlex
import signal
import subprocess
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from services.settings import Settings
from tests.architecture.source import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
# The specification's schema as check-jsonschema ships it (Apache-2.0): locked, and no foreign file in this repository.
SCHEMA = json.loads(
    (importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
)
SERVICES = COMPOSE["services"]
# Access to a channel of notices is somebody else's to give: the file is there, and empty until then.
CHANNELS = {f"uskat_notice_{name}" for name in ("mail_url", "telegram_token", "sms_url", "sms_token")}
ONE_SHOT = {"migrate"}
SECRET_WORD = re.compile(r"password|passwd|secret|token|api_?key|private", re.IGNORECASE)
URL_WITH_PASSWORD = re.compile(r"\w+://[^/\s:@]+:[^/\s@]+@")


def problems(document):
    validator = jsonschema.validators.validator_for(SCHEMA)
    return [error.message for error in validator(SCHEMA).iter_errors(document)]


def planted(path, value):
    document = copy.deepcopy(COMPOSE)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


def variables(service):
    return SERVICES[service].get("environment", {})


def test_it_keeps_the_specification():
    assert problems(COMPOSE) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("services", "ingest", "imge"), "x"),
        (("services", "ingest", "restart"), ["always"]),
        (("services", "api", "healthcheck", "intervall"), "5s"),
        (("secrets", "mqtt_ca", "file"), 7),
        (("services", "ingest", "deploy", "replicas"), [2]),
    ],
)
def test_the_schema_sees_a_planted_mistake(path, value):
    assert problems(planted(path, value))


def test_every_part_of_a_real_installation_is_there():
    ours = {"migrate", "ingest", "alerts", "notices", "follow-passwords", "register-export", "weather", "api"}
    assert set(SERVICES) == {"database", "mosquitto"} | ours
    outside = {name for name in SERVICES if "profiles" in SERVICES[name]}
    assert outside == {"weather", "register-export"}  # they alone speak to somebody else's machine
    assert SERVICES["ingest"]["deploy"]["replicas"] == "${INGEST_WORKERS:-2}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_restarts_is_watched_and_is_bounded(service):
    description = SERVICES[service]
    assert description["restart"] == ("on-failure:5" if service in ONE_SHOT else "unless-stopped")
    assert ("test" in description["healthcheck"]) is (service not in ONE_SHOT)
    assert description["logging"]["options"]["max-size"]
    assert description["deploy"]["resources"]["limits"]["memory"]


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_pinned(service):
    image = SERVICES[service]["image"]
    tag = image.rpartition(":")[2]
    assert tag
    assert "latest" not in tag
    if image.startswith("eclipse-mosquitto"):
        assert tuple(int(part) for part in tag.split(".")) >= (2, 0, 21)


def test_no_secret_stands_in_the_file():
    for service in SERVICES:
        for name, value in variables(service).items():
            assert not URL_WITH_PASSWORD.search(str(value)), (service, name)
            assert not SECRET_WORD.search(name) or name.endswith("_FILE"), (service, name)
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not URL_WITH_PASSWORD.search(text)
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory):
    """What the two scripts make in an empty folder."""
    folder = tmp_path_factory.mktemp("secrets")
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "USKAT_SECRETS": str(folder)}
    for command in (["make-certs.sh", "mqtt.example.org"], ["make-secrets.sh"]):
        script = [str(ROOT / "deploy" / command[0]), *command[1:]]
        subprocess.run(script, env=environment, check=True, capture_output=True, timeout=60)
    return folder


def test_every_secret_is_made_by_the_scripts_and_every_config_is_in_the_repository(made_secrets):
    for secret in COMPOSE["secrets"].values():
        folder, _, name = secret["file"].rpartition("/")
        assert folder == "./deploy/secrets"
        assert (made_secrets / name).is_file()
        assert ((made_secrets / name).stat().st_size > 0) is (name not in CHANNELS)
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()


def test_the_scripts_keep_what_exists_and_leave_no_secret_readable(made_secrets):
    before = {path.name: path.read_bytes() for path in made_secrets.iterdir()}
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "USKAT_SECRETS": str(made_secrets)}
    subprocess.run([str(ROOT / "deploy/make-secrets.sh")], env=environment, check=True, capture_output=True, timeout=60)
    assert {path.name: path.read_bytes() for path in made_secrets.iterdir()} == before
    public = {path.name for path in made_secrets.iterdir() if path.stat().st_mode & 0o077}
    assert public == {"mqtt_ca", "mqtt_server_cert"}


def test_secrets_named_by_services_exist_and_secrets_that_exist_are_used():
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])


def test_secrets_and_variables_of_our_processes_are_fields_of_the_settings():
    fields = set(Settings.model_fields)
    for secret in COMPOSE["secrets"]:
        if secret.startswith("uskat_"):
            assert secret.removeprefix("uskat_") in fields
    for service in SERVICES:
        for name in variables(service):
            if name.startswith("USKAT_"):
                assert name.removeprefix("USKAT_").lower() in fields, (service, name)


def test_files_named_by_the_broker_are_mounted():
    conf = (ROOT / "deploy/mosquitto/mosquitto.conf").read_text(encoding="utf-8")
    settings = [line for line in conf.splitlines() if line and not line.startswith("#")]
    named = {word for line in settings for word in line.split() if word.startswith("/")}
    mounted = {f"/run/secrets/{secret}" for secret in SERVICES["mosquitto"]["secrets"]}
    mounted |= {config["target"] for config in SERVICES["mosquitto"]["configs"]}
    mounted |= {volume.partition(":")[2] + "/" for volume in SERVICES["mosquitto"]["volumes"]}
    assert named <= mounted


def test_every_variable_of_the_file_is_explained_in_the_example():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert asked == set(explained)
    defaults = dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", text))
    assert defaults == explained


def test_commands_of_our_image_exist():
    from typer.main import get_command

    from services.cli.main import app

    known = set(get_command(app).commands)
    ours = [service for service in SERVICES.values() if service["image"].startswith("uskat:")]
    assert {service["command"][0] for service in ours if "entrypoint" not in service} <= known
    script = (ROOT / "deploy/ingest-worker.sh").read_text(encoding="utf-8")
    assert set(re.findall(r"exec uskat (\w+)", script)) == {"ingest"} <= known


def test_replicas_of_ingest_get_numbers_that_come_back(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "locks").mkdir()
    fake = tmp_path / "bin/uskat"
    fake.write_text('#!/bin/sh\necho "$1 $USKAT_INGEST_WORKER"\nread -r _\n', encoding="utf-8")
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "USKAT_WORKER_LOCKS": str(tmp_path / "locks")}

    def start():
        return subprocess.Popen(
            [ROOT / "deploy/ingest-worker.sh"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with start() as first, start() as second:
        names = [first.stdout.readline(), second.stdout.readline()]
        assert sorted(names) == ["ingest 1\n", "ingest 2\n"]
        first.kill()
        first.wait(timeout=10)
        with start() as third:
            assert third.stdout.readline() == names[0]
            third.kill()
        second.kill()


def test_devices_of_the_registry_reach_the_broker_and_service_users_stay(made_secrets, tmp_path):
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\necho "$*" >> "$0.calls"\n[ "$2" = run ] && printf "KU-1:\\$7\\$x\\nKU-2:\\$7\\$y\\n"\nexit 0\n',
        "utf-8",
    )
    docker.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "USKAT_SECRETS": str(made_secrets)}
    file = made_secrets / "mqtt_passwords"
    before, inode = file.read_text().splitlines(), file.stat().st_ino
    for _ in range(2):
        subprocess.run([ROOT / "deploy/update-passwords.sh"], env=environment, check=True, timeout=30)
        assert file.read_text().splitlines() == [*before, "KU-1:$7$x", "KU-2:$7$y"]
    assert file.stat().st_ino == inode
    assert (tmp_path / "docker.calls").read_text().splitlines()[-1] == "compose kill --signal HUP mosquitto"
    file.write_text("\n".join(before) + "\n")


def test_the_keys_of_web_push_are_a_pair_that_the_process_takes(made_secrets):
    from services.notices.web_push import key_of

    public = (made_secrets / "uskat_push_public_key").read_text()
    assert key_of(made_secrets / "push_key", published=public)


def test_the_command_that_tells_the_broker_is_one_and_signals_the_first_process():
    service = SERVICES["follow-passwords"]
    tell = shlex.split(service["command"][service["command"].index("--tell") + 1])
    assert (tell[0], service["pid"]) == ("python", "service:mosquitto")
    asked = []
    exec(tell[2].replace("import os; ", ""), {"os": SimpleNamespace(kill=lambda *of: asked.append(of))})
    assert asked == [(1, signal.SIGHUP)]
    assert service["volumes"] == ["./deploy/secrets/mqtt_passwords:/broker/mqtt_passwords"]
    assert service["command"][2] == "/broker/mqtt_passwords"


def test_the_image_is_built_from_the_lock_file_with_the_tools_of_the_makefile():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    version = re.search(r"^UV_VERSION := (\S+)$", makefile, re.MULTILINE).group(1)
    assert f"uv=={version}" in dockerfile
    assert "uv sync --locked --no-dev" in dockerfile
    assert re.search(r"^USER 10001$", dockerfile, re.MULTILINE)
    kept = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied = {
        word.rstrip("/")
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE)
        for word in line.split()
    }
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
