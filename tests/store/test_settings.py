import pytest

from pk_tui.store.settings import MAX_SETTING


def test_settings_are_kept_by_name(disk):
    settings = disk.store.settings
    assert settings.get("port") is None
    settings.put("port", b"\x12\x34")
    settings.put("port", b"\x12\x35")
    assert disk.reopen().settings.get("port") == b"\x12\x35"


def test_a_setting_is_small(store):
    store.settings.put("a", bytes(MAX_SETTING))
    with pytest.raises(ValueError, match="16 KiB"):
        store.settings.put("a", bytes(MAX_SETTING + 1))
    assert store.settings.get("a") == bytes(MAX_SETTING)
