"""What runs a network: ONNX Runtime, or a mock that says so."""
