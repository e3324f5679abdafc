"""The report as a page of HTML: one file that needs no script and nothing from elsewhere."""
