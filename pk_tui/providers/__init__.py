"""Providers of identities: accounts elsewhere that show a signed statement. httpx is reached only from here.

`provider` says what each of them can do; `github` (with `github_login`) and `web` are two, and `known` makes those there are.
All of them leave through `fetching`, which asks only what `guard` lets through; `answers` reads what comes back.

A provider says “this account shows this text at this address”. Whether the text is a statement, by whom it is signed and what
follows from it, is for `trust` and the agent to say. Which of them to ask, and when, is decided by the agent: never on the
word of a stranger.
"""

import logging

# Without a handler Python prints warnings to stderr, over whatever screen is there. httpx logs every address it is given.
for _name in (__name__, "httpx", "httpcore"):
    _log = logging.getLogger(_name)
    _log.addHandler(logging.NullHandler())
    if _name != __name__:
        _log.setLevel(logging.CRITICAL)
        _log.propagate = False
