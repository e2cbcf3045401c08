"""Cryptography, quiet: values in, values out. PyNaCl (libsodium) and the recovery word list are reached only from here.

No caller chooses a nonce; every seal names its place and every signature its purpose, so bytes taken from one place are
useless in another. Randomness comes from `entropy` alone.
"""
