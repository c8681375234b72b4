"""The laboratory: tasks, one run, a sweep of runs, statistics, figures."""
