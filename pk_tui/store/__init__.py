"""One SQLite file per node, in which everything that matters is sealed. Loud: it touches files; peewee is reached only from here.

All of it is synchronous and belongs to one thread (the desk) with one connection; never await inside a transaction.
`node.NodeStore` is the one thing an agent holds. Below it: `database` (file, transactions, errors), `migrations` and `schema`
(tables), `ledger` (every small sealed row is accounted for), `witness` (a file outside the database that remembers how far
it had come), `framestore`, `frames` and `vaults` (git objects in sealed frames), `shelf` (small sealed rows) and the tables
made of it.

What a thief of the file sees: how many vaults there are, the sizes and order of their batches, and how many rows of each
small kind. Not names, contents, hashes, peers, or times other than the file's own.
"""
