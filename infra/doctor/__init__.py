"""Why an endpoint does not do what it should: likely causes, the evidence for each, and what mends it."""
