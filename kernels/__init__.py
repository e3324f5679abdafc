"""The science: tasks, experiments, engines, measures and the two file formats. Imports nothing else of ours."""

__version__ = "0.1.0"
