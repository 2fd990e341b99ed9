"""Is this image one that SageMaker can run? Its contract, clause by clause, judged over HTTP and by starting it."""
