"""docker-compose.yml: valid, and telling the product everything its settings can be told."""

import re
import subprocess
import sys

from ruamel.yaml import YAML

from ispbilling.runner.account import CHECKOUT

COMPOSE = CHECKOUT / "docker-compose.yml"
# Set by the Dockerfile, by Docker's own means (ports), or not wanted in production.
ELSEWHERE = {"DEBUG", "STATIC_ROOT", "MEDIA_ROOT", "STATICFILES_STORAGE", "LOG_LEVEL"}
INSIDE = {"RADIUS_ADDRESS", "RADIUS_AUTH_PORT", "RADIUS_ACCT_PORT", "RADIUS_RADSEC_PORT"}


def test_it_fits_the_compose_schema():
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs_each_part_once_restarts_it_and_watches_it():
    services = YAML(typ="safe").load(COMPOSE)["services"]
    assert set(services) == {"postgres", "redis", "migrate", "web", "worker", "beat", "radius"}
    for name in set(services) - {"migrate"}:
        assert services[name]["restart"] == "unless-stopped"
        assert "healthcheck" in services[name]
    assert services["beat"]["deploy"]["replicas"] == 1
    for name in ("web", "worker", "beat", "radius"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_it_passes_on_every_setting_that_comes_from_the_environment():
    settings = (CHECKOUT / "ispbilling/settings.py").read_text()
    read = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', settings)) | {"DATABASE_URL"}
    passed = set(YAML(typ="safe").load(COMPOSE)["services"]["web"]["environment"])
    assert read - ELSEWHERE - INSIDE == passed
