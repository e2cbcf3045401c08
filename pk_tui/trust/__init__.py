"""Trust, quiet: rules on signed records. Values in, verdicts out; nothing here fetches, keeps or sends anything.

What was signed by whom is in `statement`; what a node says of itself first in `genesis`; whose a vault is in `lineage`;
which version of it counts in `head`; who may have it in `grant`. Two rules answer the questions of peers: `rights`
(may this node do that?) and `admission` (where does this notification go?).

A node's chain begins with its `genesis` (or, restored by a password alone, `succession`) and grows by one `claim` after the
other, as `sigchain` allows; `appending` signs the own node's, `fork` compares two lines of claims, `standing` says what they come
to. What a claim carries stands alone: `pair`, `identity` (which `armour` finds in a text), and what recovery words say in
`expulsion`, `successor` and `rewording`.

What is believed of all that is in `belief`, one link at a time, and in `gestalt`, as the graph of who belongs together. What was
granted is an `entitlement`; `sharing` says how these come and go.

Bytes that do not verify raise Malformed, whether they are of the wrong type or signed by the wrong key: the agent blames
whoever sent them. Signed bytes are kept and forwarded verbatim; only what reading them gives is believed.
"""
