"""What Linux alone wants: the launcher, the archive of our own code behind it, and smaller libraries."""
