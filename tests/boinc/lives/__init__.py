"""What befalls tasks on volunteers' computers, played with the real client; the tests say what should have been seen.

Each life is a function that plays it in a folder of its own and returns a record. Lives do not know of each other, and
conftest.py plays all of them at once: most of the time a client waits.
"""
