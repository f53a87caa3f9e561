"""The vendored files are what VERSIONS says, and load nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings

VENDOR = Path(settings.BASE_DIR) / "static" / "vendor"


def listed() -> dict[str, str]:
    lines = (VENDOR / "VERSIONS").read_text().splitlines()
    return {path: digest for digest, path in (line.split("  ") for line in lines if not line.startswith("#"))}


def test_every_vendored_file_is_listed_with_its_digest() -> None:
    there = {str(p.relative_to(VENDOR)) for p in VENDOR.rglob("*") if p.is_file() and p.name != "VERSIONS"}
    assert there == set(listed())
    for path, digest in listed().items():
        assert hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == digest, path


@pytest.mark.parametrize("folder", sorted(p.name for p in VENDOR.iterdir() if p.is_dir()))
def test_every_vendored_library_brings_its_licence(folder: str) -> None:
    assert list((VENDOR / folder).glob("LICENSE*"))


def test_no_vendored_file_points_at_a_map_or_another_host() -> None:
    for path in (*VENDOR.rglob("*.css"), *VENDOR.rglob("*.js")):
        text = path.read_text()
        assert "sourceMappingURL" not in text, path
        for url in re.findall(r"url\([\"']?([^)\"']+)", text) if path.suffix == ".css" else ():
            assert url.startswith(("data:", "#")) or (path.parent / url).is_file(), f"{path.name}: {url}"
