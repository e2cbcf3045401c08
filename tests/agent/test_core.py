from __future__ import annotations

from agent.actors import refused
from simulator import World, simulate

from pk_tui.agent.core import Gate
from pk_tui.errors import Locked


def test_a_shut_gate_says_how_to_open_it() -> None:
    gate = Gate()
    assert not gate.is_open
    with refused(Locked, "agent unlock"):
        gate.core()


def test_an_open_gate_gives_the_core_until_it_is_shut() -> None:
    async def scenario(w: World) -> None:
        core = (await w.add("alice"))._gate.core()
        gate = Gate()
        gate.open(core)
        assert gate.is_open
        assert gate.core() is core
        assert core.node_id == w.ids["alice"]
        gate.shut()
        with refused(Locked):
            gate.core()

    simulate(scenario)
