"""What is known of BOINC's server: its names, its project folder, its database, and what its daemons make of codes."""
