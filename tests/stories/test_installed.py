"""What is handed on can be installed: the source distribution holds what a wheel is made of, and the wheel brings the command."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

from stories.harness import PASSWORD

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str | Path, cwd: Path = ROOT, given: str = "") -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PK_", "PIP_", "PYTHON"))}
    done = subprocess.run(words, cwd=cwd, input=given, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def test_the_source_distribution_makes_a_wheel_that_brings_the_command(tmp_path: Path) -> None:
    build = (sys.executable, "-m", "hatchling", "build")
    run(*build, "-t", "sdist", "-d", tmp_path)
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    run(*build, "-t", "wheel", "-d", tmp_path, cwd=tmp_path / packed.name.removesuffix(".tar.gz"))
    (wheel,) = tmp_path.glob("*.whl")

    fresh = tmp_path / "fresh"
    run(sys.executable, "-m", "venv", "--without-pip", fresh)
    python, command = fresh / "bin/python", fresh / "bin/pk-tui"
    run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python,
        "install", "--quiet", "--no-deps", "--no-index", wheel,
    )  # fmt: skip
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    # What it needs is here already. A line in such a file adds the directory alone, and not what is installed into it by links.
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(python, "-c", "import pk_tui; print(pk_tui.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(site)

    node = ("--node-path", tmp_path / "node", "--password-file", "-")
    assert run(command, "--version", cwd=tmp_path).startswith("pk-tui ")
    assert "node" in run(command, *node, "--format", "json", "bootstrap", cwd=tmp_path, given=PASSWORD)
    assert "“work”" in run(command, *node, "vaults", "create", "work", cwd=tmp_path, given=PASSWORD)
    assert "work" in run(python, "-m", "pk_tui", *node, "vaults", "list", cwd=tmp_path, given=PASSWORD)
