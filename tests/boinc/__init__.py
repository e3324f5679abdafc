"""A loopback BOINC project that drives Debian's real boinc-client: the test instrument, and the tests that use it."""
