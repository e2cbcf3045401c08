"""Syncthing as the peer to compare with: two instances on loopback, one folder, nothing that looks for others."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from xml.sax.saxutils import quoteattr

_CONFIG = """<configuration version="35">
<folder id="f" path={path} type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="false">
<device id="{own}"/><device id="{other}"/>
<maxConflicts>0</maxConflicts></folder>
<device id="{own}" name="a"><address>dynamic</address></device>
<device id="{other}" name="b"><address>tcp://127.0.0.1:{other_port}</address></device>
<gui enabled="true" tls="false"><address>127.0.0.1:{gui}</address><apikey>bench</apikey></gui>
<options><listenAddress>tcp://127.0.0.1:{port}</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>
<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled>
<urAccepted>-1</urAccepted>
<reconnectionIntervalS>1</reconnectionIntervalS><startBrowser>false</startBrowser>
<crashReportingEnabled>false</crashReportingEnabled>
<autoUpgradeIntervalH>0</autoUpgradeIntervalH><minHomeDiskFree unit="%">0</minHomeDiskFree></options>
</configuration>"""
_PATIENCE = 60.0


def is_here() -> bool:
    return shutil.which("syncthing") is not None


def sync_one(base: Path, file: Path) -> list[float]:
    """Seconds from the rescan on one side until the other has the whole file; nothing where Syncthing is not installed."""
    if not is_here():
        return []
    ends = [_End(base / name) for name in ("one", "two")]
    try:
        for end, other in (ends, ends[::-1]):
            end.start(other)
        for end, other in (ends, ends[::-1]):
            end.wait_for(other)
        shutil.copyfile(file, ends[0].folder / "large")
        arrived, size = ends[1].folder / "large", file.stat().st_size
        begun = time.perf_counter()
        ends[0].ask("POST", "/rest/db/scan?folder=f")
        _until(lambda: arrived.exists() and arrived.stat().st_size == size)
        return [time.perf_counter() - begun]
    finally:
        for end in ends:
            end.stop()


class _End:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "folder"
        (self.folder / ".stfolder").mkdir(parents=True)
        self.port, self.gui = _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        told = subprocess.run(
            ["syncthing", "generate", f"--home={home}"], capture_output=True, check=True, env=_environment(home)
        )
        found = re.search(r"([A-Z2-7]{7}-){7}[A-Z2-7]{7}", (told.stdout + told.stderr).decode())
        assert found
        self.id = found[0]

    def start(self, other: _End) -> None:
        text = _CONFIG.format(
            path=quoteattr(str(self.folder)),
            own=self.id,
            other=other.id,
            port=self.port,
            other_port=other.port,
            gui=self.gui,
        )
        (self.home / "config.xml").write_text(text)
        self._process = subprocess.Popen(
            ["syncthing", "serve", f"--home={self.home}", "--no-browser", "--no-restart", "--no-upgrade"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(self.home),
        )  # fmt: skip

    def wait_for(self, other: _End) -> None:
        _until(lambda: b'"connected": true' in self.ask("GET", "/rest/system/connections"))
        _until(lambda: b'"state": "idle"' in self.ask("GET", "/rest/db/status?folder=f"))

    def ask(self, method: str, what: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.gui}{what}", method=method, headers={"X-API-Key": "bench"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bytes(answer.read())
        except OSError:
            return b""

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)


def _until(holds: object) -> None:
    assert callable(holds)
    end = time.perf_counter() + _PATIENCE
    while not holds():
        if time.perf_counter() > end:
            raise RuntimeError("Syncthing did not get there")
        time.sleep(0.005)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(home), "STNODEFAULTFOLDER": "1"}
