"""Trust, quiet: rules on signed records. Values in, verdicts out; nothing here fetches, keeps or sends anything.

What was signed by whom is in `statement`; what a node says of itself first in `claim`; whose a vault is in `lineage`;
which version of it counts in `head`; who may have it in `grant`. Two rules answer the questions of peers: `permission`
(may this node do that?) and `admission` (where does this notification go?).

Bytes that do not verify raise Malformed, whether they are of the wrong type or signed by the wrong key: the agent blames
whoever sent them. Signed bytes are kept and forwarded verbatim; only what reading them gives is believed.
"""
