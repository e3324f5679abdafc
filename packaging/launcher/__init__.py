"""The main program: a launcher in C, which checks what is installed, and the archive of our own Python code with it."""
