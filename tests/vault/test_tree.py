import subprocess
import zlib
from pathlib import Path

import pytest
from dict_sink import DictSink, commit, make_directory, put, put_blob, remove, secrets_of, tree_of
from dulwich.index import commit_tree
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import AlreadyExists, Corrupt, Misuse, NotFound
from pk_tui.terms import SecretPath
from pk_tui.vault import tree
from pk_tui.vault.check import checked_tree
from pk_tui.vault.chunks import MAX_WHOLE, ChunkWriter
from pk_tui.vault.objects import MAX_ENTRIES, Facts, Kind, git_name, tree_digest

# Few names, so that edits meet; `a-` sorts between the secret `a` and the directory `a/`.
part = st.sampled_from(["a", "a-", "b", "ü"])
paths = st.lists(part, min_size=1, max_size=3).map("/".join)
steps = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "remove", "directory"]), paths, st.integers(0, 3)), max_size=14
)


class Model:
    """What a vault's tree should hold, as plain sets: secrets by path, and all directories."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}
        self.directories: set[str] = set()

    def above(self, path: str) -> list[str]:
        parts = path.split("/")
        return ["/".join(parts[:end]) for end in range(1, len(parts))]

    def do(self, what: str, path: str, body: bytes) -> bool:
        blocked = any(up in self.secrets for up in self.above(path))
        if what == "put":
            if blocked or path in self.directories:
                return False
            self.secrets[path] = body
            self.directories.update(self.above(path))
        elif what == "directory":
            if blocked or path in self.secrets:
                return False
            self.directories.update([*self.above(path), path])
        else:
            if path not in self.secrets and path not in self.directories:
                return False
            self.secrets = {p: b for p, b in self.secrets.items() if p != path and not p.startswith(path + "/")}
            self.directories = {p for p in self.directories if p != path and not p.startswith(path + "/")}
            for up in reversed(self.above(path)):
                if any(p.startswith(up + "/") for p in (*self.secrets, *self.directories)):
                    break
                self.directories.discard(up)
        return True


def edit_of(sink: DictSink, what: str, path: str, body: bytes) -> tree.Edit:
    return {"put": lambda: put(sink, path, body), "remove": lambda: remove(path)}.get(
        what, lambda: make_directory(path)
    )()


def directories_of(sink: DictSink, root: bytes) -> set[str]:
    return {row.path for row in tree.listing(sink, root, (), True) if row.is_directory}


def assert_sound(sink: DictSink, root: bytes) -> None:
    """Every tree that was made is what the checks for strangers demand, with the same facts."""
    for oid in list(sink):
        facts = sink.facts(oid)
        if facts.kind is Kind.TREE:
            assert checked_tree(sink.body(oid), sink.facts)[0] == facts


@given(steps, st.integers(1, 14))
@settings(max_examples=120, deadline=None)
def test_edits_do_what_a_plain_model_does(todo: list[tuple[str, str, int]], at_once: int) -> None:
    sink, model = DictSink(), Model()
    root = tree.empty_tree(sink)
    allowed: list[tree.Edit] = []
    for what, path, number in todo:
        edit = edit_of(sink, what, path, b"%d" % number)
        if model.do(what, path, b"%d" % number):
            allowed.append(edit)
            if len(allowed) == at_once:
                root, allowed = tree.edit(sink, root, allowed), []
        else:
            with pytest.raises((Misuse, AlreadyExists, NotFound)):
                tree.edit(sink, root, [*allowed, edit])
    root = tree.edit(sink, root, allowed)
    assert secrets_of(sink, root) == model.secrets
    assert directories_of(sink, root) == model.directories
    assert_sound(sink, root)


@given(st.dictionaries(st.sampled_from(["a", "a-/x", "b/c", "b/d/e", "ü/a", "z"]), st.binary(max_size=5), min_size=1))
@settings(max_examples=40, deadline=None)
def test_a_tree_has_the_name_dulwich_gives_it(secrets: dict[str, bytes]) -> None:
    sink, store = DictSink(), MemoryObjectStore()
    rows = []
    for path, body in secrets.items():
        blob = Blob.from_string(body)
        store.add_object(blob)
        rows.append((path.encode(), blob.id, 0o100644))
    assert tree_of(sink, secrets).hex().encode() == commit_tree(store, rows)


def test_the_order_of_edits_does_not_show_in_the_tree() -> None:
    sink = DictSink()
    secrets = {"a": b"1", "b/c": b"2", "b/d/e": b"3"}
    assert tree_of(sink, secrets) == tree_of(sink, dict(reversed(secrets.items())))


def test_facts_of_large_directories_follow_many_kinds_of_edits(sink: DictSink) -> None:
    secrets = {f"wide/secret-{number:04d}": b"%d" % number for number in range(300)} | {"long" * 50: b"x"}
    root = tree_of(sink, secrets)
    for edits in (
        [remove("wide/secret-0000")],
        [remove("long" * 50)],
        [put(sink, "wide/deep/er/x", b"1")],
        [put(sink, "wide/secret-0100", b"longer than before"), put(sink, "wide/secret-0001a", b"")],
        [remove("wide/deep"), remove("wide/secret-0299")],
    ):
        root = tree.edit(sink, root, edits)
        assert_sound(sink, root)
    assert sink.facts(root).secrets == 299


def test_a_new_tree_comes_with_a_short_delta_of_the_old_one(sink: DictSink) -> None:
    old = tree_of(sink, {f"secret-{number:04d}": b"%d" % number for number in range(300)})
    new = tree.edit(sink, old, [put(sink, "secret-0150", b"new"), remove("secret-0007"), put(sink, "zz", b"")])
    base, delta = sink.stored(new)
    assert base == old
    assert len(delta) < 150


def test_edits_that_change_nothing_give_the_same_tree(sink: DictSink) -> None:
    root = tree_of(sink, {"a/b": b"1", "c": b"2"})
    count = len(sink)
    assert tree.edit(sink, root, []) == root
    assert tree.edit(sink, root, [put(sink, "a/b", b"1"), make_directory("a")]) == root
    assert tree.edit(sink, root, [remove("c"), put(sink, "c", b"2")]) == root
    assert len(sink) == count


def test_a_secret_can_move_over_an_emptied_place(sink: DictSink) -> None:
    root = tree_of(sink, {"a/b": b"1"})
    assert secrets_of(sink, tree.edit(sink, root, [remove("a/b"), put(sink, "a", b"1")])) == {"a": b"1"}
    root = tree_of(sink, {"a": b"1"})
    assert secrets_of(sink, tree.edit(sink, root, [remove("a"), put(sink, "a/b", b"1")])) == {"a/b": b"1"}


def test_a_directory_moves_whole(sink: DictSink) -> None:
    root = tree_of(sink, {"a/b": b"1", "a/c/d": b"2", "z": b"3"})
    found = tree.find(sink, root, ("a",))
    assert found is not None
    moved = tree.edit(sink, root, [remove("a"), (SecretPath.parse("x/y"), tree.Put(found[0]))])
    assert secrets_of(sink, moved) == {"x/y/b": b"1", "x/y/c/d": b"2", "z": b"3"}
    changed = tree.edit(sink, root, [(SecretPath.parse("e"), tree.Put(found[0])), put(sink, "e/b", b"9")])
    assert secrets_of(sink, changed)["e/b"] == b"9"
    assert secrets_of(sink, changed)["a/b"] == b"1"


def test_a_directory_made_by_hand_stays_until_it_is_emptied_again(sink: DictSink) -> None:
    root = tree.edit(sink, tree.empty_tree(sink), [make_directory("a/b")])
    assert directories_of(sink, root) == {"a", "a/b"}
    root = tree.edit(sink, root, [put(sink, "a/b/c", b"1")])
    root = tree.edit(sink, root, [remove("a/b/c")])
    assert directories_of(sink, root) == set()
    assert root == tree.empty_tree(sink)


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        (lambda s: put(s, "secret/x", b""), Misuse, "is a secret, so nothing can lie below"),
        (lambda s: put(s, "folder", b""), AlreadyExists, "is a directory"),
        (lambda s: make_directory("secret"), AlreadyExists, "is a secret"),
        (lambda s: make_directory("secret/x"), Misuse, "is a secret, so nothing can lie below"),
        (lambda s: remove("nothing"), NotFound, "no secret or directory “nothing”"),
        (lambda s: remove("folder/nothing"), NotFound, "folder/nothing"),
        (lambda s: remove("nothing/below"), NotFound, "nothing/below"),
        (lambda s: remove("secret/x"), Misuse, "is a secret"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_with_a_sentence(sink: DictSink, edit, error, words: str) -> None:
    root = tree_of(sink, {"secret": b"1", "folder/a": b"2"})
    with pytest.raises(error, match=words):
        tree.edit(sink, root, [edit(sink)])


def test_a_directory_does_not_replace_anything(sink: DictSink) -> None:
    root = tree_of(sink, {"secret": b"1", "folder/a": b"2"})
    found = tree.find(sink, root, ("folder",))
    assert found is not None
    for path in ("secret", "folder"):
        with pytest.raises(AlreadyExists):
            tree.edit(sink, root, [(SecretPath.parse(path), tree.Put(found[0]))])


def test_a_directory_put_too_deep_is_refused(sink: DictSink) -> None:
    root = tree_of(sink, {"/".join("a" * 40): b"1"})
    with pytest.raises(Misuse, match="deeper than 64"):
        tree.edit(sink, root, [(SecretPath.parse("b/" * 30 + "c"), tree.Put(root))])
    long = tree_of(sink, {"/".join(["n" * 200] * 4): b"1"})
    with pytest.raises(Misuse, match="longer than 1024"):
        tree.edit(sink, root, [(SecretPath.parse("m" * 250 + "/x"), tree.Put(long))])


def test_the_deepest_path_is_taken(sink: DictSink) -> None:
    path = "/".join("a" * 64)
    assert secrets_of(sink, tree_of(sink, {path: b"1"})) == {path: b"1"}
    root = tree.edit(sink, tree.empty_tree(sink), [make_directory(path)])
    assert len(directories_of(sink, root)) == 64


def test_a_vault_with_too_many_secrets_is_refused(sink: DictSink) -> None:
    raw = b"pretend"
    oid = git_name(Kind.TREE, raw)
    lax = DictSink(strict=False)
    lax.add(oid, Facts(Kind.TREE, 1, 1, MAX_ENTRIES, 0, tree_digest(raw, b"")), raw)
    root = tree.empty_tree(lax)
    root = tree.edit(lax, root, [(SecretPath.parse("a"), tree.Put(oid))])
    with pytest.raises(Misuse, match="more than"):
        tree.edit(lax, root, [put(lax, "b", b"")])


def test_a_directory_with_too_many_names_is_refused() -> None:
    sink = DictSink(strict=False)
    oid = put_blob(sink, b"")
    edits: list[tree.Edit] = [(SecretPath((f"{number:0>250}",)), tree.Put(oid)) for number in range(7700)]
    with pytest.raises(Misuse, match="too many names"):
        tree.edit(sink, tree.empty_tree(sink), edits)


def test_finding_and_listing(sink: DictSink) -> None:
    root = tree_of(sink, {"a/b": b"12", "a/c/d": b"345", "e": b""})
    assert tree.find(sink, root, ()) == (root, sink.facts(root))
    assert tree.find(sink, root, ("a", "c", "d")) == (put_blob(sink, b"345"), sink.facts(put_blob(sink, b"345")))
    assert tree.find(sink, root, ("a", "x")) is None
    assert tree.find(sink, root, ("e", "x")) is None
    rows = [row[:3] for row in tree.listing(sink, root, ("a",), recursive=False)]
    assert rows == [("a/b", False, 2), ("a/c", True, 3)]
    rows = [row[:3] for row in tree.listing(sink, root, (), recursive=True)]
    assert rows == [("a", True, 5), ("a/b", False, 2), ("a/c", True, 3), ("a/c/d", False, 3), ("e", False, 0)]
    for parts in (("x",), ("e",)):
        with pytest.raises(NotFound):
            tree.listing(sink, root, parts, recursive=False)


def test_a_listing_in_portions_is_the_listing_in_small_portions(sink: DictSink) -> None:
    count = 2 * tree.PORTION + 1
    root = tree_of(sink, {f"many/s{n:05}": b"x" * (n % 3) for n in range(count)} | {"many/a/b": b"12", "z": b"3"})
    portions = list(tree.listed_in_portions(sink, root, (), recursive=True))
    rows = [row for portion in portions for row in portion]
    assert rows == list(map(tuple, tree.listing(sink, root, (), recursive=True)))
    assert max(map(len, portions)) <= tree.PORTION
    assert len(portions) >= 3
    assert [row[0] for row in rows][:4] == ["many", "many/a", "many/a/b", "many/s00000"]
    assert rows[0][1:3] == (True, sum(n % 3 for n in range(count)) + 2)
    with pytest.raises(NotFound):
        tree.listed_in_portions(sink, root, ("none",), recursive=True)


def test_a_chunked_secret_is_one_secret_in_a_tree(sink: DictSink) -> None:
    writer = ChunkWriter(sink)
    writer.feed(bytes(MAX_WHOLE + 1))
    oid, _ = writer.finish()
    root = tree.edit(sink, tree.empty_tree(sink), [(SecretPath.parse("d/big"), tree.Put(oid))])
    assert [row[:3] for row in tree.listing(sink, root, ("d",), True)] == [("d/big", False, MAX_WHOLE + 1)]
    assert tree.find(sink, root, ("d", "big", "\x0100000000")) is None
    assert sink.facts(root).secrets == 1
    with pytest.raises(Misuse):
        tree.edit(sink, root, [put(sink, "d/big/x", b"")])
    root = tree.edit(sink, root, [put(sink, "d/big", b"small")])  # between the two forms the entry changes its place
    assert secrets_of(sink, root) == {"d/big": b"small"}
    root = tree.edit(sink, root, [(SecretPath.parse("d/big"), tree.Put(oid)), put(sink, "d/big-", b"")])
    assert sink.facts(root).size == MAX_WHOLE + 1


def test_transplanting_copies_everything_below_once() -> None:
    source, target = DictSink(), DictSink()
    root = tree_of(source, {"a/b": b"1", "c/b": b"1", "d": b"2"})
    steps = len(list(tree.transplanting(source, target, root)))
    assert steps == len(target) == 4  # two secrets, the directory that is there twice, and the root
    assert secrets_of(target, root) == secrets_of(source, root)
    assert set(target) < set(source) | {root}
    assert list(tree.transplanting(source, target, root)) == []
    assert target.facts(root) == source.facts(root)


def test_transplanting_does_not_mistake_another_object_for_the_one_meant() -> None:
    source, target = DictSink(), DictSink(strict=False)
    oid = put_blob(source, b"ours")
    target.add(oid, Facts(Kind.BLOB, 0, 0, 1, 4, bytes(32)), b"evil")
    with pytest.raises(Corrupt):
        list(tree.transplanting(source, target, oid))


def test_real_git_finds_nothing_wrong_with_an_export(tmp_path: Path) -> None:
    sink = DictSink()
    names = {f"dir-{number % 7}/sub/secret {number}": b"%d" % number for number in range(60)}
    root = tree_of(sink, names | {"a": b"", "a-": b"x", "a.b/ü": b"y", "Ж/日本": b"z"})
    head = commit(sink, root, message="first", time=1_700_000_000_000_000)
    writer = ChunkWriter(sink)
    writer.feed(b"0123456789" * 150_000)
    edits = [(SecretPath.parse("big"), tree.Put(writer.finish()[0])), remove("dir-3"), make_directory("empty/one")]
    root = tree.edit(sink, root, edits)
    head = commit(sink, root, head, message="second\n\nwith ünïcode", time=1_700_000_001_000_000)
    run = ["git", "-C", str(tmp_path)]
    subprocess.run([*run, "init", "-q", "-b", "main"], check=True, capture_output=True)
    for oid in sink:
        kind, body = sink.facts(oid).kind, sink.body(oid)
        file = tmp_path / ".git" / "objects" / oid.hex()[:2] / oid.hex()[2:]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(zlib.compress(b"%b %d\0" % (kind.git_name, len(body)) + body, 1))
    subprocess.run([*run, "update-ref", "refs/heads/main", str(head)], check=True, capture_output=True)
    fsck = subprocess.run([*run, "fsck", "--strict", "--full"], check=False, capture_output=True, text=True)
    assert (fsck.returncode, fsck.stderr) == (0, "")
    shown = subprocess.run([*run, "log", "--format=%H %T"], check=True, capture_output=True, text=True).stdout
    assert shown.split("\n")[0] == f"{head} {root.hex()}"
    listed = subprocess.run(
        [*run, "ls-tree", "-r", "-z", "--name-only", "main"], check=True, capture_output=True
    ).stdout
    ours = [name for name in listed.decode().split("\0") if name and not name.startswith("big/")]
    assert sorted(ours) == sorted(path for path in secrets_of(sink, root) if path != "big")


def test_very_many_edits_can_be_interrupted_and_give_the_same(sink: DictSink) -> None:
    root = tree_of(sink, {"d0/s": b"old"})
    edits = [put(sink, f"d{number % 30}/s{number}", b"%d" % number) for number in range(2000)]
    steps = 0
    work = tree.editing(sink, root, edits)
    try:
        while True:
            next(work)
            steps += 1
    except StopIteration as end:
        made = end.value
    assert steps == 2000 // 500 + 31
    assert made == tree.edit(sink, root, edits)
    assert len(secrets_of(sink, made)) == 2001
