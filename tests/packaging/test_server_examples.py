"""What examples/server shows for running the server: read by the programs that it is made for, and
keeping what docs/deploy.md promises about it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from engines import lint, linter
from peers import ROOT, peer
from test_workflows import OURS

from replanner import __version__
from replanner.server import supervise, worker
from replanner.server.census import Census
from replanner.server.metrics import OUTCOMES, Metrics
from replanner.server.settings import MOST_SLOTS, read_settings
from replanner.webhooks.table import SOURCES

FOLDER = ROOT / "examples" / "server"
COMPOSE = sorted(FOLDER.glob("compose*.yaml"))
IMAGE = f"ghcr.io/{OURS}:{__version__}"
HOST = {"REPLANNER_HOST": "replanner.acme.example"}
YAML = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, comments: {min-spaces-from-content: 1}, braces: disable}}"  # fmt: skip  # noqa: E501 - one setting


def manifests(*folders: str) -> Iterator[dict[str, Any]]:
    for folder in folders:
        for path in sorted((FOLDER / "kubernetes" / folder).glob("*.yaml")):
            for document in yaml.safe_load_all(path.read_text()):
                if document.get("apiVersion"):
                    yield document


def kind(name: str, *folders: str) -> list[dict[str, Any]]:
    return [each for each in manifests(*folders) if each["kind"] == name]


def pods() -> dict[str, dict[str, Any]]:
    """The pod templates by the name of what makes them."""
    kinds = ("StatefulSet", "Deployment", "Job")
    return {
        each["metadata"]["name"]: each["spec"]["template"]
        for name in kinds
        for each in kind(name, "sqlite", "postgres")
    }


def services(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text())["services"])


def ours(path: Path) -> dict[str, Any]:
    return {name: each for name, each in services(path).items() if "/replanner:" in each["image"]}


# --- read by what they are made for


def test_yamllint_finds_nothing() -> None:
    lint("yamllint", "--strict", "-d", YAML, FOLDER)


def test_compose_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    check = peer("compose-check", needs=["lint/.installed"])
    for path in COMPOSE:
        without = subprocess.run([check, path], capture_output=True, text=True, check=False)
        assert "REPLANNER_HOST" in without.stderr
        monkeypatch.setenv("REPLANNER_HOST", HOST["REPLANNER_HOST"])
        ran = subprocess.run([check, path], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        monkeypatch.delenv("REPLANNER_HOST")


def test_they_keep_to_composes_schema() -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *COMPOSE)


@pytest.mark.parametrize("folder", ["sqlite", "postgres"])
def test_kubernetes_takes_what_kustomize_makes(folder: str, tmp_path: Path) -> None:
    validate, kubectl = linter("kubernetes-validate"), shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    build = [kubectl, "kustomize", FOLDER / "kubernetes" / folder]
    made = subprocess.run(build, capture_output=True, text=True, check=True).stdout
    assert "image: replanner\n" not in made
    assert made.count(f"image: {IMAGE}\n") == {"sqlite": 1, "postgres": 3}[folder]
    (tmp_path / "made.yaml").write_text(made)
    ran = subprocess.run(
        [validate, "--strict", "-k", "1.37", tmp_path / "made.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_caddy_reads_its_file() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is not installed")
    version = subprocess.run([caddy, "version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (2, 7):
        pytest.skip("caddy is older than 2.7")
    asked = [caddy, "validate", "--adapter", "caddyfile", "--config", FOLDER / "Caddyfile"]
    told = {**os.environ, **HOST}
    ran = subprocess.run(asked, capture_output=True, text=True, check=False, env=told)
    assert ran.returncode == 0, ran.stderr


def test_nginx_reads_its_file(tmp_path: Path) -> None:
    nginx, openssl = shutil.which("nginx"), shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("nginx or openssl is not installed")
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    site = (FOLDER / "nginx.conf").read_text()
    shown = "/etc/letsencrypt/live/replanner.acme.example"
    (tmp_path / "site.conf").write_text(site.replace(shown, str(tmp_path)))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{each}_temp_path {tmp_path}/{each};" for each in kinds)
    http = f"http {{ {folders} include {tmp_path}/site.conf; }}"
    whole = f"pid {tmp_path}/pid;\nevents {{}}\n{http}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    asked = [nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", "stderr"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    text = (FOLDER / "replanner.service").read_text()
    unit = tmp_path / "replanner.service"
    unit.write_text(text.replace("/opt/replanner/bin/replanner", "/bin/true"))
    ran = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert "replanner.service" not in ran.stdout + ran.stderr


def test_prometheus_reads_the_alerts() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    ran = subprocess.run(
        [promtool, "check", "rules", FOLDER / "alerts.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr


# --- true to what replanner is


def test_every_image_of_ours_is_this_release() -> None:
    texts = [path.read_text() for path in FOLDER.rglob("*") if path.is_file()]
    named = {name for text in texts for name in re.findall(r"ghcr\.io/\S+", text)}
    assert named <= {IMAGE, IMAGE.rpartition(":")[0]}
    tags = re.findall(r"newTag: (\S+)", "".join(texts))
    assert set(tags) == {__version__}


def test_every_metric_that_alerts_name_is_told() -> None:
    metrics = Metrics()
    metrics.delivery("github", "accepted", 0.1)
    metrics.old_secret("github")
    census = Census({("replan", "PENDING"): 1}, 1, 1)
    source = (ROOT / "replanner" / "server" / "metrics.py").read_text()
    told = set(re.findall(r"^(replanner_\w+)", metrics.text(census, 1).decode(), re.MULTILINE))
    told |= set(re.findall(r'"(replanner_github_remaining)"', source))
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    used = {name for rule in rules for name in re.findall(r"replanner_\w+", rule["expr"])}
    assert used <= told
    outcomes = {each for rule in rules for each in re.findall(r'outcome="(\w+)"', rule["expr"])}
    assert outcomes <= set(OUTCOMES)
    assert {"replanner_dead_letters", "replanner_workers", "replanner_old_secret_total"} <= used
    assert {"not_stored", "unsigned"} <= outcomes


def test_kubernetes_settings_are_read(tmp_path: Path) -> None:
    text = (FOLDER / "kubernetes" / "base" / "server.yaml").read_text()
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in re.findall(r"/etc/replanner-secrets/([\w-]+)[ }\n]", text):
        (secrets / name).write_text("a-secret-of-thirty-two-characters\n")
    file = tmp_path / "server.yaml"
    file.write_text(text.replace("/etc/replanner-secrets", str(secrets)))
    known = {each.name: each.in_path for each in SOURCES.values()}
    found = read_settings(file, {}, folder=tmp_path, known=known)
    assert found.listen.host == "0.0.0.0"  # noqa: S104 - in the pod
    assert found.trusted_proxies


# --- as confined and as patient as the page says


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_gives_our_containers_nothing_they_do_not_need(path: Path) -> None:
    for name, each in ours(path).items():
        assert each["user"] == "10001:10001", name
        assert each["read_only"], name
        assert each["cap_drop"] == ["ALL"], name
        assert "cap_add" not in each, name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert {"mem_limit", "cpus", "pids_limit"} <= set(each), name
        assert "ports" not in each, name
    assert [name for name, each in services(path).items() if "ports" in each] == ["proxy"]


def test_who_does_jobs_may_finish_them() -> None:
    whole = services(FOLDER / "compose.yaml")["server"]
    assert int(whole["stop_grace_period"].removesuffix("s")) > supervise._STOP_S
    for name, each in services(FOLDER / "compose.postgres.yaml").items():
        if each.get("command") == ["worker"]:
            assert int(each["stop_grace_period"].removesuffix("s")) > worker._FINISH_S, name
    grace = {
        name: each["spec"].get("terminationGracePeriodSeconds") for name, each in pods().items()
    }
    assert grace["replanner"] > supervise._STOP_S
    assert grace["replanner-worker"] > worker._FINISH_S
    unit = (FOLDER / "replanner.service").read_text()
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > supervise._STOP_S


def test_each_worker_of_compose_has_a_number_of_its_own() -> None:
    workers = [
        each["environment"]["REPLANNER_WORKER_SLOT"]
        for each in services(FOLDER / "compose.postgres.yaml").values()
        if each.get("command") == ["worker"]
    ]
    assert workers == [str(number) for number in range(len(workers))]
    assert len(workers) > 1


def test_each_worker_of_kubernetes_has_its_pods_number() -> None:
    [workers] = kind("StatefulSet", "postgres")
    assert workers["spec"]["replicas"] <= MOST_SLOTS
    [container] = pods()["replanner-worker"]["spec"]["containers"]
    told = {each["name"]: each["valueFrom"] for each in container["env"]}
    index = "metadata.labels['apps.kubernetes.io/pod-index']"
    assert told["REPLANNER_WORKER_SLOT"] == {"fieldRef": {"fieldPath": index}}


@pytest.mark.parametrize("name", pods())
def test_pods_keep_to_the_restricted_standard(name: str) -> None:
    spec = pods()[name]["spec"]
    user: Mapping[str, Any] = spec["securityContext"]
    assert (user["runAsNonRoot"], user["runAsUser"]) == (True, 10001)
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for each in spec["containers"]:
        rights = each["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in each["resources"]["limits"]
    mounted = {each["name"]: each.get("readOnly") for each in spec["containers"][0]["volumeMounts"]}
    assert mounted["secrets"] is True


@pytest.mark.parametrize("name", ["replanner", "replanner-web"])
def test_requests_come_when_the_web_is_ready(name: str) -> None:
    [container] = pods()[name]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    for probe in ("livenessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["path"] == "/healthz"


def test_the_world_reaches_webhooks_and_nothing_else() -> None:
    [ingress] = kind("Ingress", "base")
    assert [
        (path["path"], path["pathType"])
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    ] == [("/webhooks/", "Prefix")]
    policies = {each["metadata"]["name"]: each["spec"] for each in kind("NetworkPolicy", "base")}
    assert policies["replanner"]["podSelector"] == {}
    assert "ingress" not in policies["replanner"]
    assert policies["replanner-web"]["podSelector"]["matchLabels"] == {
        "app.kubernetes.io/component": "web"
    }
    caddy, nginx = ((FOLDER / name).read_text() for name in ("Caddyfile", "nginx.conf"))
    assert re.findall(r"handle (\S*) ?\{", caddy) == ["/webhooks/*", ""]
    assert re.findall(r"location (\S+) \{", nginx) == ["/", "/webhooks/"]


def test_proxies_hold_a_request_back_until_it_is_whole() -> None:
    caddy, nginx = ((FOLDER / name).read_text() for name in ("Caddyfile", "nginx.conf"))
    assert "proxy_request_buffering on;" in nginx
    assert "client_max_body_size 26m;" in nginx
    # It holds them in memory: 10 000 unsigned ones at a time are none of its end.
    (held,) = re.findall(r"request_buffers (\d+)KB", caddy)
    assert int(held) * 1000 * 10_000 < 10**9
    assert "max_size 26MB" in caddy
    assert "X-Forwarded-For $remote_addr;" in nginx


def test_the_page_names_every_file() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    names = [path.name for path in FOLDER.iterdir() if path.name != "server.yaml"]
    assert [name for name in names if f"examples/server/{name}" not in page] == []


def test_what_runs_waits_for_the_tables() -> None:
    shown = services(FOLDER / "compose.postgres.yaml")
    done = {"migrate": {"condition": "service_completed_successfully"}}
    names = [name for name, each in shown.items() if each.get("command") in (["web"], ["worker"])]
    assert all(shown[name]["depends_on"] == done for name in names)
    assert names
