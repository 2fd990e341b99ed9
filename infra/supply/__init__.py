"""What is in an image, what is known about it, and the signed proof of both that lies beside it in the registry."""
