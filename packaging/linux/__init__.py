"""What Linux alone wants: what ELF files need and which glibc, smaller libraries, a mended bootloader."""
