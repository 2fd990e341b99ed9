"""The server under full load for minutes: memory, threads, files and answers stay what they are."""
