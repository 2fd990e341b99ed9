"""Lambda's data plane: the code that moto keeps, run by AWS's own runtime client in processes of this machine."""
