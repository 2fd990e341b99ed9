"""What stands between clients and the SageMaker endpoint: two Lambda functions behind an HTTP and a WebSocket API.

``backend.http.handler`` answers requests, ``backend.websocket.handler`` streams detections. Both need nothing but
boto3, which the Lambda runtime has. What they are told by environment variables is in ``backend.settings``.
"""
