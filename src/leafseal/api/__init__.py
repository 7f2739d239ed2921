"""The library: read settings in-process, and change encrypted files from a program.

Everything the command line does to a file is done by the same operations, with the same checks: a file is let out only
when every tag and its MAC verify. Identities are found where SOPS finds them; pass `ambient` to say otherwise.
"""
