"""What Windows alone wants: the resources of executables, and the icon."""
