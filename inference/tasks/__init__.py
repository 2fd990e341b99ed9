"""What the image can do with a picture; one file for each kind of model."""
