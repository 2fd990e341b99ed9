"""What is inside the image: a server that finds objects in pictures, by SageMaker's contract for containers."""
