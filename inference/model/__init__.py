"""The model: made from nothing or taken from a checkpoint, exported to ONNX, and compared with ultralytics.

Torch and ultralytics are imported only inside the functions that use them, so everything else
can be read and tested where they are not installed. Nothing of this package goes into the image.
"""
