"""The command tree as a whole, and the two ways to run a command: by an agent that is asked to, or in this very process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from pk_tui.api.facade import AgentApi
from pk_tui.cli import audit, backup, care, node
from pk_tui.cli import env as _env  # noqa: F401 - adds its verb to `secrets`
from pk_tui.cli import finding as _finding  # noqa: F401 - adds its verb to `secrets`
from pk_tui.cli import forks as _forks  # noqa: F401 - adds its verbs to `vaults`
from pk_tui.cli import generating as _generating  # noqa: F401 - adds its verbs to `secrets`
from pk_tui.cli import history as _history  # noqa: F401 - adds its verbs to `vaults`
from pk_tui.cli import key_files as _key_files  # noqa: F401 - adds its verbs to `keys`
from pk_tui.cli import linking as _linking  # noqa: F401 - adds its verbs to `nodes` and `identities`
from pk_tui.cli import moving as _moving  # noqa: F401 - adds its verbs to `vaults`
from pk_tui.cli.call import Call
from pk_tui.cli.commands import HelpAsked, Needs, Noun, Planned, parse
from pk_tui.cli.identities import identities
from pk_tui.cli.items import items
from pk_tui.cli.keys import keys
from pk_tui.cli.logs import logs_shown
from pk_tui.cli.nodes import nodes
from pk_tui.cli.notifications import notifications
from pk_tui.cli.reports import write_report
from pk_tui.cli.secrets import secrets
from pk_tui.cli.vaults import vaults
from pk_tui.control import client
from pk_tui.control.invocation import Invocation, Request, no_password
from pk_tui.control.local import LocalInvocation
from pk_tui.errors import NotFound, PkError
from pk_tui.safe_text import safe_text

_ABOUT = """A decentralised, local-first secrets manager.

Without a command the terminal UI opens; `pk-tui playground` opens it on a throw-away node.

Options that go with every command: --node-path DIR (or PK_NODE_PATH),
--password-file FILE (or PK_PASSWORD), --format human|json, -v for log lines, --no-color, --version.
"""

root = Noun("pk-tui", _ABOUT)
node.add_to(root)
audit.add_to(root)
backup.add_to(root)
care.add_to(root)
for _noun in (vaults, secrets, items, nodes, identities, keys, notifications):
    root.add_command(_noun)


async def run(invocation: Invocation, api: AgentApi) -> int:
    """Carry out a command on an agent that holds the node; returns its exit code."""
    return await _carry_out(invocation, lambda planned: _work(planned, Call(invocation, api)))


def main_direct(argv: list[str]) -> int:
    """Carry out a command in this process, opening the node if the command needs it; returns its exit code."""
    found = client.hoist(argv)
    if found.fault:
        client.say_fault(found, found.fault)
        return found.fault.code
    invocation = LocalInvocation(Request.read(client.command(found)), Path(client.node_path(found)))
    umask = os.umask(0o077)  # opening the node makes it so anyway; what runs after us gets back what it was
    try:
        try:
            code = asyncio.run(_carry_out(invocation, lambda planned: _open_and_work(planned, invocation)))
        finally:
            os.umask(umask)
        if invocation.environment is not None and code == 0:
            client.become_command(found, invocation.environment)
        return code
    except client.Fault as fault:
        client.say_fault(found, fault)
        return fault.code
    except KeyboardInterrupt:
        return client.INTERRUPTED
    except client.OutputClosed:
        return client.OUTPUT_CLOSED


async def _open_and_work(planned: Planned, invocation: LocalInvocation) -> int:
    if planned.needs is Needs.NOTHING:
        return await _work(planned, Call(invocation, None))
    from pk_tui.bootstrap import with_agent
    from pk_tui.home import Home

    home = Home(invocation.node_path)
    if not home.has_node():
        raise NotFound(f"There is no node in {home.shown}. Make one with `pk-tui bootstrap`.")
    password = None
    if planned.needs is Needs.NODE:
        password = await invocation.ask_password("Password: ")
        if password is None:
            raise no_password()
    return await with_agent(home, password, lambda api: _work(planned, Call(invocation, api)))


async def _work(planned: Planned, call: Call) -> int:
    return await planned.work(call) or 0


async def _carry_out(invocation: Invocation, work: Callable[[Planned], Awaitable[int]]) -> int:
    """Parse, work, and turn every way of failing into what the user sees of it."""
    out = Call(invocation, None).out
    request = invocation.request
    try:
        with logs_shown(invocation):
            return await work(parse(root, request.argv, request.columns))
    except HelpAsked as help_asked:
        await out.text(help_asked.text)
        return 0
    except PkError as error:
        await out.fail(error.kind, error.message, error.exit_code)
        return error.exit_code
    except client.OutputClosed:
        raise
    except Exception as error:
        report = write_report(invocation.node_path, error)
        where = (
            f"A report without any of your data is in “{safe_text(str(report), 300)}”"
            if report
            else "No report could be kept"
        )
        await out.fail(
            "failed", f"The program failed ({type(error).__name__}): that is our mistake, not yours. {where}.", 1
        )
        return 1
