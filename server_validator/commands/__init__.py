"""axiom-server's commands: a module each, with its HELP, its `arguments` and what it does, `run`.

What is slow to import, and not needed by every command, is imported where a command runs.
"""
