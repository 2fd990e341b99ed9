"""Our server beside others with the same model and pictures, in one run, on the same cores."""
