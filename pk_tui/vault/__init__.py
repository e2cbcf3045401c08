"""A vault: a git history whose objects lie in sealed frames. Quiet: values in, values out; dulwich is reached only from here.

Where the bytes lie is the store's matter: this room reads through `ObjectSource` and adds through `ObjectSink`, which the
store implements. It decides what an object may look like (`objects`, `check`), edits trees (`tree`), cuts large secrets
into chunks (`chunks`), writes and walks history (`history`, `diff`), and says what a peer is sent (`outgoing`) and what
is believed of what a peer sends (`transfer`).
"""
