"""What two nodes say to each other, sans I/O: bytes in, events and bytes out; no sockets, no clock, no tasks.

`handshake` proves who both sides are and gives a session its keys, `frames` is the shape of what goes through it, `session`
runs the streams, `messages` are the records that travel on them. Moving the bytes, deadlines and pings are the matter of `net`.
"""
