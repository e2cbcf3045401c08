"""Commands on the node itself: bootstrap, and the agent's life."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from pk_tui.api.care import ProblemView
from pk_tui.api.facade import AgentApi
from pk_tui.api.views import StatusView
from pk_tui.cli import background
from pk_tui.cli.call import Call
from pk_tui.cli.commands import DESCRIPTOR, PORT, Needs, Noun, flag, option, verb
from pk_tui.cli.output import many, to_json
from pk_tui.control.invocation import no_password
from pk_tui.control.local import LocalInvocation, interruptible
from pk_tui.errors import AlreadyExists, Busy, Corrupt, Misuse, NotFound, PkError, StorageFailed
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Address

ANY_HOST = "0.0.0.0"  # noqa: S104 - peers are let in from everywhere; each proves who it is before anything else
SHORT_PASSWORD = 8
ROOT_KEY_SIZE = 32

agent = Noun("agent", "The agent: the process that holds the node, keeps its connections and answers its peers.")


def status_json(status: StatusView) -> dict[str, object]:
    return {
        "status": "live" if status.live else "dead",
        "node_id": str(status.node_id),
        "pid": status.pid,
        "locked": status.locked,
        "agent_host": status.listening.host if status.listening else None,
        "agent_port": status.listening.port if status.listening else None,
        "connections": status.connections,
    }


async def _dead(call: Call) -> dict[str, object]:
    """What there is to say when no agent runs. The node is opened, locked, for its id; if that fails there is none to show."""
    from pk_tui.bootstrap import with_agent
    from pk_tui.home import Home

    node_id: str | None = None

    async def read_id(api: AgentApi) -> int:
        nonlocal node_id
        node_id = str((await api.lifecycle.status()).node_id)
        return 0

    home = Home(call.invocation.node_path)
    if home.has_node():
        with suppress(PkError):
            await with_agent(home, None, read_id)
    return {
        "status": "dead",
        "node_id": node_id,
        "pid": None,
        "locked": True,
        "agent_host": None,
        "agent_port": None,
        "connections": 0,
    }


async def bootstrap(call: Call, recovery_code_out: str | None, recovery_code_file: str | None) -> None:
    """Make a new node.

    The password is taken from --password-file, else PK_PASSWORD, else a prompt. The recovery code (24 words) is shown
    once: it sets a new password should this one be lost. Write it down and keep it apart from this machine. With
    --recovery-code-file the new node is a successor of the node those words belong to.
    """
    from pk_tui.bootstrap import create_node
    from pk_tui.home import Home

    if recovery_code_file is not None and recovery_code_out is not None:
        raise Misuse(
            "With --recovery-code-file the words are those you have; --recovery-code-out would write no new ones."
        )
    home = Home(call.invocation.node_path)
    if not home.is_empty():
        raise AlreadyExists(f"There is already something in {home.shown}. Choose another directory with --node-path.")
    password = await call.invocation.ask_new_password("Password of the new node: ", "PK_PASSWORD")
    if password is None:
        raise no_password()
    if len(password) < SHORT_PASSWORD:
        await call.out.note("The password is short. Who copies this machine's disk can try many of them.")
    if recovery_code_file is not None:
        node_id, _ = await create_node(home, password, await call.recovery_words(recovery_code_file))
        sentence = f"Made the node {node_id}. Its first claim is signed by the recovery key of the words you gave."
        await call.out.done({"node_id": str(node_id)}, sentence)
        return
    if recovery_code_out is None:
        node_id, words = await create_node(home, password)
        await call.out.done(
            {"node_id": str(node_id), "recovery_code": words.reveal().decode()},
            f"Made the node {node_id}.\n\nIts recovery code, shown only now. Keep it on paper, apart from this machine:\n\n"
            f"    {words.reveal().decode()}",
        )
        return
    file = _new_private_file(call.file(recovery_code_out))
    try:
        node_id, words = await create_node(home, password)
        os.write(file, words.reveal() + b"\n")
        os.fsync(file)
    except BaseException:
        os.unlink(call.file(recovery_code_out))
        raise
    finally:
        os.close(file)
    await call.out.done(
        {"node_id": str(node_id)}, f"Made the node {node_id}. Its recovery code is in “{safe_text(recovery_code_out)}”."
    )


async def check(call: Call, repair: bool) -> int:
    """Read and verify every stored byte, and say what is damaged and where: missing, altered, extra, dangling, moved, wrong kind
    or rolled back.

    Without --repair nothing is changed. Ends with exit code 65 if anything is damaged.
    """
    password: Plaintext | None = None
    if isinstance(call.invocation, LocalInvocation):
        # This command opens the node for itself: a check is also for one that damage keeps from opening.
        password = await call.invocation.ask_password("Password: ")
        if password is None:
            raise no_password()
    with call.out.progress() as progress:
        view = await call.api.lifecycle.check(repair, password, progress)
    value = {
        "ok": view.ok,
        "vaults": view.vaults,
        "objects": view.objects,
        "problems": [_problem_json(problem) for problem in view.problems],
        "repaired": list(view.repaired),
    }
    if view.repaired:
        await call.out.note("\n".join(safe_text(what, 400) for what in view.repaired))
    if view.ok:
        await call.out.done(
            value, f"All is well: {many(view.vaults, 'vault')} with {many(view.objects, 'object')} read and verified."
        )
        return 0
    lines = [
        f"Damaged: {many(len(view.problems), 'thing')}. As they should be: {many(view.objects, 'object')} in "
        f"{many(view.vaults, 'vault')}.\n"
    ]
    lines += [_problem_line(problem) for problem in view.problems]
    if repair:
        lines.append(
            "\nWhat is still damaged cannot be made again from what is here: take it from a backup or from a peer."
        )
    await call.out.done(value, "\n".join(lines))
    return Corrupt.exit_code


def _problem_json(problem: ProblemView) -> dict[str, object]:
    return {
        "kind": problem.kind,
        "vault_id": None if problem.vault_id is None else str(problem.vault_id),
        "path": problem.path,
        "message": problem.message,
    }


def _problem_line(problem: ProblemView) -> str:
    where = "" if problem.vault_id is None else f"{problem.vault_id}:{safe_text(problem.path or '', 1100)}  "
    return f"    {problem.kind:<11}  {where}{safe_text(problem.message, 400)}"


def _new_private_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise AlreadyExists(f"“{safe_text(str(path), 300)}” is already there and is not overwritten.") from error
    except OSError as error:
        raise StorageFailed(f"“{safe_text(str(path), 300)}” cannot be written: {error.strerror}.") from error


def _handed_over(descriptor: int) -> Plaintext:
    """The root key that waits in an inherited pipe; a file or a terminal is not taken, since no key is to lie in one."""
    try:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise Misuse("--key-from takes an inherited pipe. It is for the program itself; people give the password.")
        with os.fdopen(descriptor, "rb", buffering=0) as pipe:
            key = b""
            while part := pipe.read(ROOT_KEY_SIZE + 1 - len(key)):
                key += part
    except OSError as error:
        raise Misuse(f"--key-from: descriptor {descriptor} cannot be read: {error.strerror}.") from error
    return Plaintext(key)


_key_from = option(
    "--key-from", "Take the root key from this inherited pipe instead of a password.", "FD", kind=DESCRIPTOR
)
_key_from.hidden = True


@verb(
    agent,
    "start",
    option("--agent-host", "Address to let peers in at (default: all).", "HOST", ANY_HOST),
    option(
        "--agent-port", "Port to let peers in at (default: the one of last time, else a free one).", "PORT", 0, PORT
    ),
    flag("--background", "Return when the agent is ready, and leave it running."),
    flag("--accept-state", "Go on with a database that is older than it was."),
    _key_from,
    needs=Needs.NOTHING,
)
async def start(
    call: Call, agent_host: str, agent_port: int, background: bool, accept_state: bool, key_from: int | None
) -> int | None:
    """Run the agent until it is stopped; it says when it is ready."""
    from pk_tui.bootstrap import run_agent
    from pk_tui.home import Home

    home = Home(call.invocation.node_path)
    invocation = call.invocation
    if not isinstance(invocation, LocalInvocation):
        raise Busy("An agent already holds this node.")
    if not home.has_node():
        raise NotFound(f"There is no node in {home.shown}. Make one with `pk-tui bootstrap`.")
    Address.parse(agent_host, agent_port or 1)
    if key_from is not None and background:
        raise Misuse("--key-from is for an agent that is already in the background.")
    password = _handed_over(key_from) if key_from is not None else await invocation.ask_password("Password: ")
    if password is None:
        raise no_password()
    if background:
        return await _start_detached(call, home.log, agent_host, agent_port, accept_state)

    def ready(status: StatusView) -> None:
        line = to_json(status_json(status)) if call.out.as_json else _ready_sentence(status_json(status))
        invocation.write(line.encode() + b"\n")

    at = Address(agent_host, agent_port)
    return await run_agent(home, password, at, accept_state, ready, is_root=key_from is not None)


async def _start_detached(call: Call, log: Path, host: str, port: int, accept_state: bool) -> int | None:
    password = await call.invocation.ask_password("Password: ")
    assert password is not None
    arguments = ["--agent-host", host, "--agent-port", str(port), *(["--accept-state"] if accept_state else [])]
    verbose = ["-v"] * call.invocation.request.verbose
    with interruptible():
        status = background.start(call.invocation.node_path, [*verbose, *arguments], password, log)
    await call.out.done(status, _ready_sentence(status))
    return None


def _ready_sentence(status: dict[str, object]) -> str:
    where = Address(str(status["agent_host"]), int(str(status["agent_port"]))) if status["agent_host"] else "no address"
    return f"The agent of node {status['node_id']} is running (process {status['pid']}), and lets peers in at {where}."


@verb(agent, "status", needs=Needs.NOTHING)
async def status(call: Call) -> None:
    """Show whether an agent runs, and what it is at."""
    await _show(call)


@verb(agent, "stop", needs=Needs.NOTHING)
async def stop(call: Call) -> None:
    """End the agent; returns when it is gone."""
    if call.holder is None:
        await call.out.done(await _dead(call), "No agent was running.")
        return
    status = await call.holder.lifecycle.status()
    call.invocation.end_agent_with(call.holder.lifecycle.request_stop)
    gone = {**status_json(status), "status": "dead", "locked": True, "connections": 0}
    await call.out.done(gone, f"Stopping the agent (process {status.pid}).")


@verb(agent, "restart", needs=Needs.NOTHING)
async def restart(call: Call) -> None:
    """End the agent and start it in the background at the same address; takes the password."""
    lifecycle = _running(call).lifecycle
    # Asked for before anything is stopped, and kept where it was typed, for the new agent.
    if await call.invocation.ask_password("Password: ") is None:
        raise no_password()
    at = (await lifecycle.status()).listening or Address(ANY_HOST, 0)
    then = ("agent", "start", "--background", "--agent-host", at.host, "--agent-port", str(at.port))
    call.invocation.end_agent_with(lifecycle.request_stop, then)


@verb(agent, "lock", needs=Needs.NOTHING)
async def lock(call: Call) -> None:
    """Close all connections and drop all keys from memory; the agent stays and waits for `agent unlock`."""
    await _running(call).lifecycle.lock()
    await _show(call)


@verb(agent, "unlock", needs=Needs.NOTHING)
async def unlock(call: Call) -> None:
    """Give a locked agent the password, so that it goes back to work."""
    lifecycle = _running(call).lifecycle
    if (await lifecycle.status()).locked:
        password = await call.invocation.ask_password("Password: ")
        if password is None:
            raise no_password()
        await lifecycle.unlock(password)
    await _show(call)


def _running(call: Call) -> AgentApi:
    if call.holder is None:
        raise Busy("No agent runs for this node. Start one with `pk-tui agent start`.")
    return call.holder


async def _show(call: Call) -> None:
    value = await _dead(call) if call.holder is None else status_json(await call.holder.lifecycle.status())
    at = f"{value['agent_host']} port {value['agent_port']}" if value["agent_host"] else "no"
    await call.out.facts(
        value,
        [
            ("status", str(value["status"])),
            ("node", str(value["node_id"] or "unknown")),
            ("process", str(value["pid"] or "none")),
            ("locked", "yes" if value["locked"] else "no"),
            ("lets peers in at", at),
            ("connections", str(value["connections"])),
        ],
    )


async def demo(call: Call, source: str | None, keep: bool) -> int:
    """Show the main job step by step, with real nodes in a temporary directory."""
    from pk_tui.cli.demo import run_demo

    with interruptible():
        return run_demo(call.file(source) if source else None, keep, call.out.as_json, sys.stdout)


async def playground(call: Call) -> None:
    """Try everything in the terminal UI: a throw-away node, and a friend who shares a vault. Both are removed at the end.

    Nothing you have is touched, and nothing leaves this machine.
    """
    # The program takes this command before the command tree is loaded; here it comes to only with something else in it.
    raise Misuse(
        "The playground is a terminal UI of its own: type `pk-tui playground`, and nothing more, on a terminal."
    )


def add_to(root: Noun) -> None:
    """`bootstrap`, `agent`, `check`, `demo` and `playground` stand at the root."""
    verb(
        root,
        "bootstrap",
        option("--recovery-code-out", "Write the recovery code to this new file (0600) instead of showing it.", "FILE"),
        option(
            "--recovery-code-file",
            "The 24 words of an earlier node that this one succeeds (`-`: standard input).",
            "FILE",
        ),
        needs=Needs.NOTHING,
    )(bootstrap)
    verb(
        root,
        "check",
        flag("--repair", "Put right what can be without losing anything, then check."),
        needs=Needs.LOCKED_NODE,
    )(check)
    verb(
        root,
        "demo",
        option("--from", "Share the secrets in this directory instead of the sample.", "DIR", called="source"),
        flag("--keep", "Leave the nodes running, and say how to play with them."),
        needs=Needs.NOTHING,
    )(demo)
    verb(root, "playground", needs=Needs.NOTHING)(playground)
    root.add_command(agent)
