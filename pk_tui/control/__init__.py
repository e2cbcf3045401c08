"""The counter's second window: the local socket between a command and whoever holds the node."""
