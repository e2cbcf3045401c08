"""A decentralised, local-first secrets manager that lives in the terminal. This file imports nothing, to start fast."""

__version__ = "0.1.0"
