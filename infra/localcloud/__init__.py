"""The AWS that runs inside the engine: ECR, SageMaker hosting, Lambda, HTTP and WebSocket APIs and more in one process.

SageMaker hosting and the image half of ECR are written here and do what AWS does, with real containers and a real
registry. Repositories, roles, alarms, objects, functions and APIs are kept by moto, whose state is saved after every
change.
What cannot be done here is said by ``GET /_slipway/limits``, never pretended.
"""
