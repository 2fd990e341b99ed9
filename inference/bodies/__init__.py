"""What a request carries: pictures and options, in each form of body that the server takes."""
