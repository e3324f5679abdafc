"""The server side: creates work, checks what comes back, keeps it, and turns it into findings. Knows kernels only."""
