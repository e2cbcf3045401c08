"""Status, lock, unlock, stop and change of password: what works (or must work) while the agent is locked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pk_tui.agent.auditing import LOGIN_FAILED, PASSWORD_CHANGED
from pk_tui.agent.backing_up import back_up
from pk_tui.agent.care import tidy
from pk_tui.agent.checking import check_node, repair_node
from pk_tui.api.care import BackupView, CheckView, ProblemView, TidyView
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import StatusView
from pk_tui.crypto.keys import RecoveryKey
from pk_tui.crypto.passphrase import Cost, password_bytes
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.words import from_words
from pk_tui.crypto.wrap import unwrap_with_password, unwrap_with_recovery, wrap_for_password, wrap_for_recovery
from pk_tui.errors import Corrupt, Misuse, PermissionDenied, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.store.survey import Damage
from pk_tui.trust.succession import recovery_key_of

if TYPE_CHECKING:
    from pk_tui.agent.agent import Agent


def as_password(text: Plaintext) -> Plaintext:
    """What the user typed, in the form the key derivation takes. Raises Misuse if it is empty, huge or not text."""
    try:
        return password_bytes(text.reveal().decode())
    except UnicodeDecodeError as error:
        raise Misuse("The password is not valid UTF-8 text.") from error


def entropy_of(words: Plaintext) -> bytes:
    """The 32 bytes behind 24 words as typed. Raises Misuse, without quoting a word."""
    try:
        return from_words(words.reveal().decode())
    except UnicodeDecodeError as error:
        raise Misuse("The recovery words are not valid UTF-8 text.") from error


class LifecycleService:
    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def status(self) -> StatusView:
        agent = self._agent
        return StatusView(
            live=True,
            node_id=agent.node_id,
            pid=agent.pid,
            locked=agent.is_locked,
            listening=agent.listening,
            connections=agent.live_links,
        )

    async def lock(self) -> None:
        await self._agent.lock()

    async def unlock(self, password: Plaintext) -> None:
        if self._agent.is_locked:
            await self._agent.unlock(await self._root_from_password(password))

    async def verify_password(self, password: Plaintext) -> None:
        """The root key that comes out is dropped at once: nothing is opened or changed by it."""
        await self._root_from_password(password)

    async def check(
        self, repair: bool = False, password: Plaintext | None = None, progress: OnProgress = None
    ) -> CheckView:
        if password is not None and self._agent.is_locked:
            root = await self._root_from_password(password)
            try:
                await self._agent.unlock(root)
            except Corrupt as error:
                return await self._why_not(root, error)
        core = self._agent.gate.core()
        repaired: tuple[str, ...] = ()
        async with core.care.turn:  # what is being rewritten would look like frames too many, or gone
            if repair:
                repaired = await core.desk.steps(repair_node(core.store, progress))
            return replace(await core.desk.steps(check_node(core.store, progress)), repaired=repaired)

    async def _why_not(self, root: SealKey, error: Corrupt) -> CheckView:
        """Of a node that does not open for its damage."""
        found = await self._agent.desk.do(lambda: self._agent.store.diagnose(root))
        problems = tuple(ProblemView(one.damage.value, None, None, one.says) for one in found)
        return CheckView(False, 0, 0, problems or (ProblemView(Damage.ALTERED.value, None, None, error.message),))

    async def backup(self, file: Path, progress: OnProgress = None) -> BackupView:
        return await back_up(self._agent.gate, file, progress)

    async def tidy(self, new_keys: bool = False, progress: OnProgress = None) -> TidyView:
        return await tidy(self._agent.gate.core(), new_keys, progress)

    def request_stop(self) -> None:
        self._agent.stop_requested.set()

    async def change_password(
        self, old: Plaintext | None, new: Plaintext, recovery_words: Plaintext | None = None
    ) -> None:
        """The root key is renewed too, and everything wrapped under it is wrapped anew; the keys so wrapped stay the same. So the
        old password opens no copy made from now on, but whoever opened an older copy with it has those keys."""
        fresh = as_password(new)
        if recovery_words is not None:
            root = await self._root_from_words(recovery_words)
        elif old is not None:
            root = await self._root_from_password(old)
        else:
            raise Misuse("Changing the password takes the old password, or the recovery words.")
        new_root = SealKey.generate()
        slot = await asyncio.to_thread(wrap_for_password, new_root, fresh, Cost())
        store = self._agent.store
        wrapped = wrap_for_recovery(new_root, store.recovery_box)

        def job() -> None:
            was_locked = not store.unlocked
            store.unlock(root)  # so that it can be noted there and then
            try:
                store.rekey(root, new_root, slot, wrapped)
                by = "password" if recovery_words is None else "recovery words"
                self._agent.auditing.note_if_possible(store, PASSWORD_CHANGED, by=by)
            finally:
                if was_locked:
                    store.lock()

        await self._agent.desk.do(job)

    async def _root_from_password(self, password: Plaintext) -> SealKey:
        slot = self._agent.store.password_slot
        try:
            return await asyncio.to_thread(unwrap_with_password, slot, as_password(password))
        except WrongPassword:
            await self._note_failed_login()
            raise

    async def _note_failed_login(self) -> None:
        """While the node is locked nothing can be written: then it is noted when somebody has the right password."""
        agent = self._agent
        agent.auditing.remember(LOGIN_FAILED)
        if agent.gate.is_open:
            core = agent.gate.core()
            await core.desk.do(lambda: agent.auditing.note_remembered(core.store))

    async def _root_from_words(self, words: Plaintext) -> SealKey:
        recovery = RecoveryKey(entropy_of(words))
        store = self._agent.store
        if recovery_key_of(store.genesis) != recovery.public:
            raise PermissionDenied(
                "These recovery words belong to another node: the first claim of this one names other words."
            )
        return unwrap_with_recovery(store.recovery_slot, recovery)
