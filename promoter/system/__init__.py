"""What this machine gives a run: variables, files, processes, threads and connections."""
