"""Handing files to the desktop: exact bytes, no waiting, and a sentence when nothing answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVirtualObject
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from lookalike.ui.bridge import Bridge
from lookalike.ui.desktop_services import FILE_MANAGER, FILE_MANAGER_PATH, DesktopServices


class FileManager(QDBusVirtualObject):
    """Answers on the bus as a file manager does and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, list[object]]] = []
        self.is_refusing = False

    def introspect(self, path: str) -> str:
        return ""

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection) -> bool:
        if self.is_refusing:
            connection.send(message.createErrorReply("org.example.Refused", "no"))
        else:
            self.asked.append((message.member(), message.arguments()))
            connection.send(message.createReply([]))
        return True


@pytest.fixture
def bus() -> Iterator[QDBusConnection]:
    """A message bus of this test's own."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("there is no dbus-daemon here")
    command = [daemon, "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        address = running.stdout.readline().decode().strip()
        yield QDBusConnection.connectToBus(address, "test-asks")
        QDBusConnection.disconnectFromBus("test-asks")
        running.terminate()


@pytest.fixture
def file_manager(bus: QDBusConnection, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileManager]:
    assert bus.isConnected()
    assert bus.registerService(FILE_MANAGER)
    manager = FileManager()
    assert bus.registerVirtualObject(FILE_MANAGER_PATH, manager)
    monkeypatch.setattr(QDBusConnection, "sessionBus", lambda: bus)
    yield manager
    bus.unregisterObject(FILE_MANAGER_PATH)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What Qt was asked to open."""
    urls: list[bytes] = []

    def open_url(url: QUrl) -> bool:
        urls.append(bytes(url.toEncoded().data()))
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return urls


@pytest.fixture
def services(bridge: Bridge) -> DesktopServices:
    return DesktopServices(bridge, bridge)


def test_the_file_manager_gets_exact_names(
    qtbot: QtBot, services: DesktopServices, file_manager: FileManager
) -> None:
    services.show_in_file_manager([b"/photos/caf\xe9.jpg", b"/photos/a b.jpg"])
    qtbot.waitUntil(lambda: len(file_manager.asked) == 1)
    assert file_manager.asked == [
        ("ShowItems", [["file:///photos/caf%E9.jpg", "file:///photos/a%20b.jpg"], ""])
    ]


def test_a_file_manager_that_refuses_leaves_the_folder_to_be_opened(
    qtbot: QtBot, services: DesktopServices, file_manager: FileManager, opened: list[bytes]
) -> None:
    file_manager.is_refusing = True
    services.show_in_file_manager([b"/photos/2004/a.jpg"])
    qtbot.waitUntil(lambda: opened == [b"file:///photos/2004"])


def test_without_a_message_bus_the_folder_is_opened(
    services: DesktopServices, opened: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDBusConnection, "sessionBus", lambda: QDBusConnection("never connected"))
    services.show_in_file_manager([b"/photos/2004/a.jpg"])
    assert opened == [b"file:///photos/2004"]


def test_a_name_that_is_text_goes_through_qt(services: DesktopServices, opened: list[bytes]) -> None:
    services.open_in_viewer("/photos/été #1.jpg".encode())
    assert opened == [b"file:///photos/%C3%A9t%C3%A9%20%231.jpg"]


def fake_opener(folder: Path, exit_code: int) -> None:
    opener = folder / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > "{folder}/opened"\nexit {exit_code}\n')
    opener.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the opener")
def test_a_name_that_is_no_text_reaches_the_opener_byte_by_byte(
    qtbot: QtBot,
    services: DesktopServices,
    opened: list[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_opener(tmp_path, 0)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    services.open_in_viewer(b"/photos/caf\xe9 1.jpg")
    said = tmp_path / "opened"
    qtbot.waitUntil(lambda: said.exists() and said.read_bytes() == b"/photos/caf\xe9 1.jpg")
    assert opened == []


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for the opener")
def test_no_program_for_a_file_is_said(
    qtbot: QtBot, services: DesktopServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_opener(tmp_path, 3)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with qtbot.waitSignal(services.failed) as failed:
        services.open_in_viewer(b"/photos/caf\xe9 1.jpg")
    assert failed.args == ["No program was found that opens this file."]


def test_without_a_file_manager_the_sentence_is_about_the_folder(
    qtbot: QtBot, services: DesktopServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDBusConnection, "sessionBus", lambda: QDBusConnection("never connected"))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    with qtbot.waitSignal(services.failed) as failed:
        services.show_in_file_manager([b"/photos/2004/a.jpg"])
    assert failed.args == ["No file manager was found that shows the folder “/photos/2004”."]
