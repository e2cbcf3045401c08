"""The 24 words stand for exactly 32 bytes (BIP-39); mistakes are named by position and never by word."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemonic import Mnemonic

from pk_tui.crypto.words import WORDS, from_words, new_recovery_entropy, spoken, to_words
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

PUBLISHED = {
    "00" * 32: "abandon " * 23 + "art",
    "7f" * 32: "legal winner thank year wave sausage worth useful " * 2
    + "legal winner thank year wave sausage worth title",
    "80" * 32: "letter advice cage absurd amount doctor acoustic avoid " * 2
    + "letter advice cage absurd amount doctor acoustic bless",
    "ff" * 32: "zoo " * 23 + "vote",
    "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c": (
        "hamster diagram private dutch cause delay private meat slide toddler razor book "
        "happy fancy gospel tennis maple dilemma loan word shrug inflict delay length"
    ),
    "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863": (
        "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich "
        "alcohol speed nation flash devote level hobby quick inner drive ghost inside"
    ),
    "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad": (
        "all hour make first leader extend hole alien behind guard gospel lava "
        "path output census museum junior mass reopen famous sing advance salt reform"
    ),
    "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f": (
        "void come effort suffer camp survey warrior heavy shoot primary clutch crush "
        "open amazing screen patrol group space point ten exist slush involve unfold"
    ),
}
"""Vectors of the reference implementation (trezor/python-mnemonic, vectors.json)."""
GOOD = PUBLISHED["68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c"]


@pytest.mark.parametrize(("entropy", "words"), PUBLISHED.items())
def test_published_vectors(entropy: str, words: str) -> None:
    assert to_words(bytes.fromhex(entropy)).reveal().decode() == words
    assert from_words(words).hex() == entropy


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32))
def test_every_entropy_comes_back_from_its_words(entropy: bytes) -> None:
    words = to_words(entropy).reveal().decode()

    assert len(words.split()) == WORDS
    assert from_words(words) == entropy


def test_case_spacing_and_width_are_forgiven() -> None:
    for typed in (
        GOOD.upper(),
        "  " + GOOD.replace(" ", "\n\t "),
        GOOD.replace("h", "ｈ"),
        GOOD.replace(" ", "\u3000"),
    ):
        assert from_words(typed).hex().startswith("68a79eac")


def refusal(typed: str) -> str:
    with pytest.raises(Misuse) as caught:
        from_words(typed)
    assert not set(caught.value.message.split()) & {"hamster", "diagram", "hamsterr", "abandon", "länge"}
    return caught.value.message


@pytest.mark.parametrize("count", [0, 1, 12, 23, 25, 48])
def test_any_other_number_of_words_is_refused(count: int) -> None:
    assert f"{count} were given" in refusal(" ".join((GOOD.split() * 2)[:count]))


def test_words_not_on_the_list_are_named_by_position() -> None:
    words = GOOD.split()
    words[0], words[23] = "hamsterr", "länge"

    assert "number 1, 24." in refusal(" ".join(words))


def test_a_mistaken_word_or_two_swapped_ones_break_the_checksum() -> None:
    words = GOOD.split()

    assert "checksum" in refusal(" ".join(["diagram", *words[1:]]))
    assert "checksum" in refusal(" ".join([words[1], words[0], *words[2:]]))
    assert "checksum" in refusal("abandon " * 24)


def test_the_words_are_a_secret_that_does_not_print_itself() -> None:
    assert isinstance(to_words(bytes(32)), Plaintext)


def test_new_entropy_is_32_random_bytes() -> None:
    assert len(new_recovery_entropy()) == 32
    assert new_recovery_entropy() != new_recovery_entropy()


@pytest.mark.parametrize("spare", [0, 63])
def test_spoken_words_are_the_first_bits_of_the_digest_eleven_a_word(spare: int) -> None:
    places = [1, 2047, 0, 1024, 7, 2046]
    bits = int("".join(f"{place:011b}" for place in places), 2) << 6 | spare

    assert spoken(bits.to_bytes(9, "big"), 6) == tuple(Mnemonic("english").wordlist[place] for place in places)
    assert spoken(bits.to_bytes(9, "big"), 2) == tuple(Mnemonic("english").wordlist[place] for place in places[:2])


def test_a_digest_too_short_for_the_words_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="too short"):
        spoken(bytes(8), 6)
