"""Where shipped files are found, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

from lookalike.config.assets import models_folder, resources_folder


def test_a_wheel_carries_its_files_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "lookalike"
    for name in ("_resources", "_models"):
        (package / name).mkdir(parents=True)
    assert resources_folder(package) == package / "_resources"
    assert models_folder(package) == package / "_models"


def test_a_checkout_has_them_at_the_top(tmp_path: Path) -> None:
    package = tmp_path / "desktop" / "lookalike"
    package.mkdir(parents=True)
    assert resources_folder(package) == tmp_path / "resources"
    assert models_folder(package) == tmp_path / "models"


def test_the_running_program_finds_its_icons() -> None:
    assert (resources_folder() / "icons" / "lookalike.svg").is_file()
