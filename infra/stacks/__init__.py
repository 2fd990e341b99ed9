"""What changes slowly and lasts: repository, buckets, roles, alarms, scaling, the API in front, as CDK stacks.

Releases are not made here: a stack never touches one, and no release waits for CloudFormation.
"""
