"""What the tests of several rooms share: work sized by this machine's pace, waiting, watching processes."""
