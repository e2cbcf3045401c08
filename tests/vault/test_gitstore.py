from unittest import TestCase

from dict_sink import DictSink, commit, secrets_of, tree_of
from dulwich.objects import Blob, Commit, Tree
from dulwich.tests.test_object_store import ObjectStoreTests

from pk_tui.vault.chunks import MAX_WHOLE, ChunkWriter
from pk_tui.vault.gitstore import SealedObjectStore


class TestConformance(ObjectStoreTests, TestCase):
    """dulwich's own demands on an object store."""

    def setUp(self) -> None:
        self.sink = DictSink()
        self.store = SealedObjectStore(self.sink)

    def tearDown(self) -> None:
        self.store.close()


def test_dulwich_reads_a_vault(sink: DictSink) -> None:
    root = tree_of(sink, {"a/b": b"1", "c": b"2"})
    head = commit(sink, root, message="hello")
    store = SealedObjectStore(sink)
    read = store[str(head).encode()]
    assert isinstance(read, Commit)
    assert read.tree == root.hex().encode()
    assert [entry.path for entry in store.iter_tree_contents(read.tree)] == [b"a/b", b"c"]
    assert all(len(name) == 40 for name in store)
    assert store[head.raw].id == str(head).encode()


def test_a_chunk_tree_is_a_tree_to_dulwich(sink: DictSink) -> None:
    writer = ChunkWriter(sink)
    writer.feed(bytes(MAX_WHOLE + 1))
    tree = SealedObjectStore(sink)[writer.finish()[0]]
    assert isinstance(tree, Tree)
    assert len(tree) == 5


def test_what_dulwich_adds_is_a_vault_like_any_other(sink: DictSink) -> None:
    store = SealedObjectStore(sink)
    blob = Blob.from_string(b"value")
    tree = Tree()
    tree.add(b"name", 0o100644, blob.id)
    store.add_objects([(blob, None), (tree, None)])
    assert secrets_of(sink, bytes.fromhex(tree.id.decode())) == {"name": b"value"}


def test_what_a_vault_does_not_hold_never_reaches_it(sink: DictSink) -> None:
    store = SealedObjectStore(sink)
    blob = Blob.from_string(b"value")
    store.add_object(blob)
    for name, mode in ((b"..", 0o100644), (b"x", 0o100755), (b"x", 0o120000)):
        tree = Tree()
        tree.add(name, mode, blob.id)
        store.add_object(tree)
        assert store[tree.id] == tree
    assert len(sink) == 1
