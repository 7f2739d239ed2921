"""The command line of sops 3.13.2, for whoever runs `sops` today: programs, scripts and habits.

Under the name `sops` (a link, see `leafseal link-sops`) or as `leafseal sops …` the program understands both dialects
of sops, subcommands and the older options without one, and keeps its options, environment variables, exit codes and
the texts that other programs look for. What is done is done by the same operations as in our own face; where sops
would lose or leak something, the interface stays and the safe thing happens (docs/compatibility.md lists each case).

Nothing here imports a library for command lines: sops has conventions of its own (long options with one dash, options
that end at the first positional argument, or do not), and a start costs less without one.
"""
