"""Windows' own Python under Debian's Wine, which builds and tries the Windows version on Linux."""
