"""What Windows alone wants: the resources of the executable."""
