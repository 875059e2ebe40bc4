"""What is in deploy/ is understood by the programs it is for, and names what there is."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from keystead.domain.overview import GEO_DATABASE_OLD
from keystead.settings import Settings, names_of
from tests.docs.markdown import ROOT, read
from tests.server.proxies import find

DEPLOY = ROOT / "deploy"
KNOWN = {name for field in Settings.model_fields for name in names_of(field)}
OF_OTHERS = {"PYTHON_VERSION"}

pytestmark = pytest.mark.only_on("sqlite", because="files are the same on every database")


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(read("deploy/compose.yaml")))


def kubernetes(name: str) -> dict[str, dict[str, Any]]:
    """The objects of one file, by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all(read(f"deploy/kubernetes/{name}"))}


def named_settings() -> dict[str, set[str]]:
    """The variables that each file sets for Keystead."""
    services = compose()["services"]
    render = yaml.safe_load(read("deploy/render.yaml"))["services"][0]
    unit = read("deploy/systemd/keystead@.service")
    return {
        "compose": {*services["app"]["environment"], *services["migrate"]["environment"]},
        "compose secrets": set(services["app"]["secrets"]),
        "render": {each["key"] for each in render["envVars"]} - OF_OTHERS,
        "kubernetes": set(kubernetes("keystead.yaml")["ConfigMap"]["data"]),
        "systemd": set(re.findall(r"\b(KEYSTEAD_\w+)=", unit)),
        "image": set(re.findall(r"\b(KEYSTEAD_\w+)=", read("deploy/Dockerfile"))),
    }


@pytest.mark.parametrize(("file", "names"), named_settings().items())
def test_every_variable_is_a_setting(file: str, names: set[str]) -> None:
    assert names, file
    assert names <= KNOWN


def test_what_is_copied_into_the_image_is_there_and_is_not_ignored() -> None:
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", read("deploy/Dockerfile"), re.MULTILINE)
        for name in line.split()[:-1]
    ]
    let_in = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}

    assert copied
    assert set(copied) == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_says_by_itself_whether_it_lives_and_is_not_root() -> None:
    text = read("deploy/Dockerfile")

    assert "/livez" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)


def test_every_container_has_a_root_filesystem_that_is_read_only() -> None:
    deployment = kubernetes("keystead.yaml")["Deployment"]["spec"]["template"]["spec"]
    job = kubernetes("migrate.yaml")["Job"]["spec"]["template"]["spec"]
    services = compose()["services"]

    assert services["app"]["read_only"]
    assert services["migrate"]["read_only"]
    for pod in (deployment, job):
        context = pod["containers"][0]["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert pod["securityContext"]["runAsNonRoot"]


def test_no_client_reaches_the_port_for_operators() -> None:
    objects = kubernetes("keystead.yaml")
    ports = [each["targetPort"] for each in objects["Service"]["spec"]["ports"]]
    open_to_all = [
        port["port"]
        for rule in objects["NetworkPolicy"]["spec"]["ingress"]
        if "from" not in rule
        for port in rule["ports"]
    ]
    proxies = "".join(path.read_text() for path in (DEPLOY / "caddy").iterdir())

    assert ports == open_to_all == ["http"]
    assert "ports" not in compose()["services"]["app"]
    assert "94" not in re.sub(r"#.*", "", proxies + read("deploy/nginx/keystead.conf"))


def test_nginx_understands_its_file(tmp_path: Path) -> None:
    program, text = find("nginx"), read("deploy/nginx/keystead.conf")
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=x", "-days", "1", "-keyout", "key.pem", "-out", "crt.pem"),
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    text = re.sub(r"/etc/\S+/fullchain.pem", str(tmp_path / "crt.pem"), text)
    text = re.sub(r"/etc/\S+/privkey.pem", str(tmp_path / "key.pem"), text)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ {text} }}")

    tried = subprocess.run(
        [program, "-t", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "log")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert tried.returncode == 0, tried.stderr


@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile.compose"])
def test_caddy_understands_its_files(name: str, tmp_path: Path) -> None:
    program = find("caddy")

    tried = subprocess.run(
        [program, "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "caddy" / name)],
        env={"HOME": str(tmp_path), "KEYSTEAD_DOMAIN": "accounts.example.com"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert tried.returncode == 0, tried.stderr


def test_systemd_understands_its_unit(tmp_path: Path) -> None:
    if (program := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "keystead@0.service"
    unit.write_text(
        read("deploy/systemd/keystead@.service").replace(
            "/opt/keystead/.venv/bin/keystead", "/bin/true"
        )
    )

    tried = subprocess.run(
        [program, "verify", str(unit)], capture_output=True, text=True, check=False
    )
    exposed = subprocess.run(
        [program, "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (tried.returncode, tried.stderr) == (0, "")
    assert exposed.returncode == 0, exposed.stdout


def test_a_city_database_is_old_for_the_alert_when_it_is_old_for_the_program() -> None:
    groups = yaml.safe_load(read("deploy/prometheus/alerts.yml"))["groups"]
    rules = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}

    assert rules["KeysteadGeoDatabaseOld"].endswith(f"> {GEO_DATABASE_OLD.days} * 86400")
