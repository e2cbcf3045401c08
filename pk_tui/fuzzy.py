"""Which names fit a few typed letters, best first. Decides only; it stops after every small step, so that nothing waits for it.

The letters of a query stand in a name in their order, with anything between them. Better is: together, at the beginnings of
words, in the last part of a path, in a shorter name. Names lie joined in one text, shorter ones first, so that a whole tier
(such as: the last part begins with the query) is one scan, and the first that are found in a tier are its best. Tiers are
scanned until there are enough names to be looked at closely; only those become strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice

from pk_tui.lines import END, Lines, LineWriter

BETWEEN_WORDS = frozenset("/:._- @")
LOOKED_AT_CLOSELY = 300
CLOSE_AT_MOST = 8000
"""Letters typed times letters of a name; beyond, a closer look would take long, and names come from others too."""
LONGEST_QUERY = 256
"""Letters; no name that is longer could be typed, and a pattern is made of them."""
HITS = 4000
"""Hits taken note of in one step."""
GATHERED = 1000
"""Names taken in by one step; about two milliseconds."""
CLOSE_LOOKS = 32
"""Names looked at closely in one step."""

_TOGETHER, _WORD, _LAST_PART, _LETTER, _GAP = 24, 20, 4, 16, 3
"""Points of a letter: next to the one before, at the beginning of a word, in the last part, at all; and off for a gap."""
_WHOLE = 20

_WORDS = re.compile(r"[^/:._\-\s@]+")
_BEGINNINGS = frozenset("".join(BETWEEN_WORDS).encode() + b"\n")

Steps = Generator[None, None, None]


class Names:
    """Names ready to be searched. They are numbered as they were given: shorter ones first, see `by_length`."""

    __slots__ = ("initials", "last", "low", "texts")

    def __init__(self, texts: Lines, low: Lines, last: Lines, initials: Lines) -> None:
        self.texts = texts
        self.low = low
        """The same in lower case; the very same object if nothing in it is in upper case."""
        self.last = last
        """The last part of each."""
        self.initials = initials
        """The first letters of its words."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Names:
        steps = cls.gathered(texts)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return] # StopIteration is untyped

    @classmethod
    def gathered(cls, texts: Iterable[str]) -> Generator[None, None, Names]:
        """The same in small steps."""
        given, lows, lasts, initials = LineWriter(), LineWriter(), LineWriter(), LineWriter()
        waiting = iter(texts)
        same = True
        while some := list(islice(waiting, GATHERED)):
            low = [lowered(text) for text in some]
            if any("\n" in text for text in low):
                low = [text.replace("\n", " ") for text in low]
            same = same and low == some
            given.extend(some)
            lows.extend(low)
            lasts.extend([text[last_part(text) :] for text in low])
            initials.extend(["".join([word[0] for word in _WORDS.findall(text)]) for text in low])
            yield
        in_lower_case = lows.lines()
        return cls(in_lower_case if same else given.lines(), in_lower_case, lasts.lines(), initials.lines())

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, index: int) -> str:
        return self.texts[index]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Names that are searched together with what stands before each of them, such as the name of their vault and a colon.

    `gone`: which of them are not to be found."""

    names: Names
    prefix: str = ""
    gone: Callable[[int], bool] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """`text`: the whole name, the shelf's prefix before it; `at`: which of its characters were typed."""

    shelf: Shelf
    index: int
    text: str
    score: int
    at: tuple[int, ...]


def by_length(text: str) -> tuple[int, str]:
    """The order in which names are to be given."""
    return len(text), text


def lowered(text: str) -> str:
    """In lower case, character for character: some letters become two, and then positions would shift."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(one.lower() if len(one.lower()) == 1 else one for one in text)


def last_part(low: str) -> int:
    """Where the last part begins. A directory's own name is its last part, though it ends in a slash."""
    end = len(low) - 1
    return max(low.rfind("/", 0, end), low.rfind(":", 0, end)) + 1


def query_of(typed: str) -> str:
    """The letters that are searched for."""
    return lowered("".join(typed.split()))


def search(typed: str, shelves: Sequence[Shelf], limit: int = 50) -> Generator[None, None, list[Match]]:
    """The best `limit` names, best first; nothing typed fits nothing. Stops after every step."""
    query = query_of(typed)
    if not query or len(query) > LONGEST_QUERY:
        return []
    enough = max(limit, LOOKED_AT_CLOSELY)
    scans = [_Scan(query, shelf, enough) for shelf in shelves]
    for tier in _TIERS:
        for scan in scans:
            yield from tier(scan)
        if sum(len(scan.points) for scan in scans) >= enough:
            break
    rough = ((points, -number, index) for number, scan in enumerate(scans) for index, points in scan.points.items())
    matches = []
    for count, (_, number, index) in enumerate(nlargest(enough, rough)):
        shelf = shelves[-number]
        matches.append(look_closely(query, shelf, index))
        if count % CLOSE_LOOKS == CLOSE_LOOKS - 1:
            yield
    matches.sort(key=lambda match: (-match.score, len(match.text), match.text))
    return matches[:limit]


# The cheap look


class _Scan:
    """What was found on one shelf: points by the name's number."""

    def __init__(self, query: str, shelf: Shelf, enough: int) -> None:
        self.enough = enough
        self.shelf = shelf
        self.names = shelf.names
        self.query = query.encode("utf-8", "surrogatepass")
        self.letters = query
        self.points: dict[int, int] = {}
        self.rest = _after_prefix(query, lowered(shelf.prefix))
        """What is left to be found in the name if the query begins with letters of the prefix; empty if it does not."""

    def note(self, index: int, points: int) -> bool:
        """False if it is not to be found, or was found better already."""
        if index in self.points or (self.shelf.gone is not None and self.shelf.gone(index)):
            return False
        self.points[index] = points + max(0, 400 - self.names.low.size(index))
        return True

    def beginning(self, points: int, needle: bytes) -> Steps:
        """Names whose last part begins with the needle."""
        return self._note_all(self.names.last, _places(self.names.last, END + needle, after=1), points)

    def inside(self, lines: Lines, needle: bytes, at_a_word: int, elsewhere: int) -> Steps:
        """Lines that hold the needle: at the beginning of a word, which is better, and elsewhere."""
        words = others = 0
        joined, enough = lines.joined, self.enough
        for places in _places(lines, needle):
            if others >= enough:  # only those at the beginning of a word are still of use
                places = [place for place in places if joined[place - 1] in _BEGINNINGS]
            for place in places:
                if words < enough and _at_a_word(joined, needle, place, others < enough):
                    words += self.note(lines.number_at(place), at_a_word)
                elif others < enough:
                    others += self.note(lines.number_at(place), elsewhere)
            yield
            if words >= enough or (
                others >= enough and len(needle) == 1
            ):  # a second letter tells more than the words do
                return

    def initials(self, points: int) -> Steps:
        return self._note_all(self.names.initials, _places(self.names.initials, self.query), points)

    def anywhere(self, letters: str, points: int) -> Steps:
        """Names with these letters in this order."""
        # Possessive: each letter is taken where it first comes, so a name that fits nowhere costs one walk, however it is made.
        pattern = re.compile(END + b"".join(map(_up_to, letters)))
        lines = self.names.low

        def places() -> Generator[list[int], None, None]:
            for begin, end in lines.windows():
                found = []
                for match in pattern.finditer(lines.joined, begin, end):
                    found.append(match.start() + 1)
                    if len(found) == HITS:
                        yield found
                        found = []
                yield found

        return self._note_all(lines, places(), points)

    def _note_all(self, lines: Lines, found: Iterable[Sequence[int]], points: int) -> Steps:
        count = 0
        for places in found:
            for place in places:
                count += self.note(lines.number_at(place), points)
                if count >= self.enough:
                    return
            yield


def _places(lines: Lines, needle: bytes, after: int = 0) -> Generator[list[int], None, None]:
    """Where the needle first stands in each line that holds it, `after` bytes on; in portions, each found in a moment."""
    joined = lines.joined
    find = joined.find
    for begin, end in lines.windows():
        found: list[int] = []
        place = find(needle, begin, end)
        while place >= 0:
            found.append(place + after)
            if len(found) == HITS:
                yield found
                found = []
            line_end = find(END, place + 1)
            place = find(needle, line_end, end) if line_end < end else -1
        yield found


def _at_a_word(joined: bytes, needle: bytes, place: int, thoroughly: bool) -> bool:
    """True if the needle stands at the beginning of a word, here or (`thoroughly`) further on in the line."""
    if joined[place - 1] in _BEGINNINGS:
        return True
    if thoroughly:
        end = joined.find(END, place)
        for _ in range(8):  # of a name that is made of nothing else, this is enough
            place = joined.find(needle, place + 1, end)
            if place < 0:
                return False
            if joined[place - 1] in _BEGINNINGS:
                return True
    return False


def _up_to(letter: str) -> bytes:
    """A pattern: everything up to the next of this letter, and the letter."""
    first, rest = (raw := letter.encode("utf-8", "surrogatepass"))[:1], re.escape(raw[1:])
    not_first = b"[^%b\n]*+" % re.escape(first)
    if not rest:
        return not_first + re.escape(first)
    return b"%b(?:%b(?!%b)%b)*+%b%b" % (not_first, first, rest, not_first, first, rest)


def _after_prefix(query: str, prefix: str) -> str:
    """What is left of the query when as much of its beginning as possible was taken from the prefix, which has to begin with
    the same letter; empty if it has none of it, or all."""
    if not prefix or query[0] != prefix[0]:
        return ""
    taken, place = 1, 1
    while taken < len(query) and (place := prefix.find(query[taken], place) + 1):
        taken += 1
    return query[taken:]


def _tier_last_begins(scan: _Scan) -> Steps:
    return scan.beginning(7000, scan.query)


def _tier_in_last(scan: _Scan) -> Steps:
    return scan.inside(scan.names.last, scan.query, 6000, 5000)


def _tier_in_name(scan: _Scan) -> Steps:
    return scan.inside(scan.names.low, scan.query, 4500, 4000)


def _tier_initials(scan: _Scan) -> Steps:
    return scan.initials(3500)


def _tier_rest_begins(scan: _Scan) -> Steps:
    return scan.beginning(3000, scan.rest.encode("utf-8", "surrogatepass")) if scan.rest else _nothing()


def _tier_rest_in_name(scan: _Scan) -> Steps:
    rest = scan.rest.encode("utf-8", "surrogatepass")
    return scan.inside(scan.names.low, rest, 2500, 2000) if rest else _nothing()


def _tier_anywhere(scan: _Scan) -> Steps:
    return scan.anywhere(scan.letters, 1000)


def _tier_rest_anywhere(scan: _Scan) -> Steps:
    return scan.anywhere(scan.rest, 1) if scan.rest else _nothing()


def _nothing() -> Steps:
    return
    yield


_TIERS = (
    _tier_last_begins,
    _tier_in_last,
    _tier_in_name,
    _tier_initials,
    _tier_rest_begins,
    _tier_rest_in_name,
    _tier_anywhere,
    _tier_rest_anywhere,
)
"""Best first. 400 points lie between two of them at least, which shortness decides."""


# The closer look


def look_closely(query: str, shelf: Shelf, index: int) -> Match:
    """The best way in which the letters stand in the name; they must stand in it somehow."""
    text = shelf.prefix + shelf.names[index]
    score, at = placed(query, text)
    return Match(shelf, index, text, score, at)


def placed(query: str, text: str) -> tuple[int, tuple[int, ...]]:
    """Points, and which characters of the text are the letters of the query; they must stand in it somehow."""
    low = lowered(text)
    if len(query) * len(low) > CLOSE_AT_MOST:
        return _LETTER, _as_it_comes(query, low)
    last = last_part(low)
    so_far: dict[int, int] = {-1: 0}
    """Points by the place of the letter before."""
    came_from: list[dict[int, int]] = []
    for number, letter in enumerate(query):
        points: dict[int, int] = {}
        origin: dict[int, int] = {}
        best: int | None = None  # of all places before that are not next to this one
        best_at = -1
        waiting = sorted(so_far)
        taken = 0
        place = low.find(letter)
        while place >= 0:
            while taken < len(waiting) and waiting[taken] < place - (number > 0):
                if best is None or so_far[waiting[taken]] > best:
                    best, best_at = so_far[waiting[taken]], waiting[taken]
                taken += 1
            chosen = None if best is None else best - (_GAP if number else 0)
            origin_of = best_at
            if number and place - 1 in so_far and (chosen is None or so_far[place - 1] + _TOGETHER >= chosen):
                chosen, origin_of = so_far[place - 1] + _TOGETHER, place - 1
            if chosen is not None:
                word = place == 0 or low[place - 1] in BETWEEN_WORDS
                points[place] = chosen + _LETTER + _WORD * word + _LAST_PART * (place >= last)
                origin[place] = origin_of
            place = low.find(letter, place + 1)
        so_far = points
        came_from.append(origin)
    end = max(so_far, key=lambda at: (so_far[at], -at))
    at = [end]
    for origin in reversed(came_from[1:]):
        at.append(origin[at[-1]])
    whole = _WHOLE * (low[last:].rstrip("/") == query)
    return so_far[end] + whole, tuple(reversed(at))


def whole_score(query: str) -> int:
    """The points of letters that all stand together, wherever that is."""
    return len(query) * (_LETTER + _TOGETHER)


def _as_it_comes(query: str, low: str) -> tuple[int, ...]:
    """Each letter where it first stands."""
    at: list[int] = []
    for letter in query:
        at.append(low.find(letter, at[-1] + 1 if at else 0))
    return tuple(at)
