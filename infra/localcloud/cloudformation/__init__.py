"""CloudFormation: stacks whose resources are made by the same calls that anybody makes, of the types in `kinds`.

What a template wants and the local cloud has no type for is left out of the stack's resources: it is not listed, since
it does not exist.
"""
