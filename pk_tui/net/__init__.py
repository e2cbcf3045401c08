"""Connections to other nodes: what moves the bytes of the wire room. websockets is reached only from here.

`pipe` says what a connection must be able to do, `websocket` is one, and `doorstep` counts the strangers before it. `greeting`
begins a session over any pipe and `link` runs it: one reader, one writer, `pings`; `stream` is one conversation over it.
`backoff` says how long to wait before the next try. Which nodes to talk to, and about what, is decided by the agent.
"""

import logging

# Without a handler Python prints warnings to stderr, over whatever screen is there.
logging.getLogger(__name__).addHandler(logging.NullHandler())
