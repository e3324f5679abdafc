"""The Windows version on Linux, by Wine: built, and living its life under a client that plays BOINC's part."""

import layout

NAMES = layout.Names("0.01", "windows_x86_64", "cpu")
