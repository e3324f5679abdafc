"""The science: tasks, experiments, engines, measures and the two file formats. Imports nothing else of ours."""
