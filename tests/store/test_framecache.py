from pk_tui.store.framecache import CAPACITY, FrameCache


def test_what_was_used_longest_ago_goes_first():
    cache = FrameCache(100)
    for key in range(4):
        cache.put(key, bytes(25))
    assert cache.get(0) is not None
    cache.put(4, bytes(25))
    assert cache.get(1) is None
    assert [cache.get(key) for key in (0, 2, 3, 4)] == [bytes(25)] * 4
    assert cache.size == 100


def test_putting_again_replaces_and_counts_once():
    cache = FrameCache(100)
    cache.put("a", bytes(20))
    cache.put("a", b"x" * 10)
    assert cache.get("a") == b"x" * 10
    assert cache.size == 10


def test_what_is_too_large_does_not_push_out_the_rest():
    cache = FrameCache(100)
    cache.put("a", bytes(20))
    cache.put("b", bytes(26))
    assert cache.get("b") is None
    assert cache.get("a") is not None


def test_clearing_leaves_nothing():
    cache = FrameCache()
    cache.put(1, bytes(CAPACITY // 4))
    assert cache.size == CAPACITY // 4
    cache.clear()
    assert cache.get(1) is None
    assert cache.size == 0
