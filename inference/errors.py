"""Every way in which a request, a setting or a model can be wrong: one class, one status, one code, one sentence."""

from __future__ import annotations

from typing import ClassVar


class StartError(Exception):
    """The server cannot start; the message is the sentence that is logged before the process exits."""


class SettingsError(StartError):
    """An environment variable holds a value that cannot be used."""


class ModelError(StartError):
    """The model directory is missing, incomplete or broken."""


class DeviceError(StartError):
    """What the image is to run on is missing, too old, or cannot be used."""


class RequestError(Exception):
    """A request that is answered with an error: `status` and `code` are the class's, the sentence is the message."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    headers: ClassVar[dict[str, str]] = {}


class InvalidHttp(RequestError):
    """What arrives on a connection is not HTTP."""

    code = "invalid_http"


class InvalidJson(RequestError):
    """The body says that it is JSON and cannot be read as a JSON object."""

    code = "invalid_json"


class InvalidOption(RequestError):
    """A field or option of the request is unknown or has a value outside its range."""

    code = "invalid_option"


class MissingImage(RequestError):
    """A JSON body without exactly one of `image` and `image_url`."""

    code = "missing_image"


class InvalidBase64(RequestError):
    """The field `image` is not base64."""

    code = "invalid_base64"


class InvalidForm(RequestError):
    """The body says that it is multipart/form-data and is not."""

    code = "invalid_form"


class InvalidArray(RequestError):
    """The body says that it is a NumPy array and is not one of pixels."""

    code = "invalid_array"


class TooManyPictures(RequestError):
    """More pictures in one request than the server takes."""

    status = 413
    code = "too_many_pictures"

    @classmethod
    def of(cls, count: int, limit: int) -> TooManyPictures:
        """The error of a request with `count` pictures."""
        return cls(
            f"The request has {count} pictures; the server takes {limit}. Send them in several requests, or raise "
            "SLIPWAY_MAX_PICTURES of the container."
        )


class NotAcceptable(RequestError):
    """The request accepts no form of answer that the server has."""

    status = 406
    code = "not_acceptable"


class EmptyBody(RequestError):
    """A request without a body."""

    code = "empty_body"


class TruncatedImage(RequestError):
    """The picture ends before its data does."""

    code = "truncated_image"


class CorruptImage(RequestError):
    """The picture's format is known and its data cannot be decoded."""

    code = "corrupt_image"


class IncompleteBody(RequestError):
    """The client did not send the whole body in time."""

    status = 408
    code = "body_timeout"


class BodyTooLarge(RequestError):
    """More bytes than the server takes."""

    status = 413
    code = "body_too_large"


class PictureTooLarge(RequestError):
    """More pixels than the server decodes; found out from the header, before decoding."""

    status = 413
    code = "picture_too_large"


class NotAnImage(RequestError):
    """The bytes are no picture in a format that the server reads."""

    status = 415
    code = "not_an_image"


class UnsupportedImage(RequestError):
    """A picture whose pixels have no meaning as 8-bit colours, such as floating point."""

    status = 415
    code = "unsupported_image"


class UnsupportedVideo(RequestError):
    """A video whose frames the server has no decoder for."""

    status = 415
    code = "unsupported_video"

    @classmethod
    def of(cls, kind: str) -> UnsupportedVideo:
        """The error of such a video."""
        return cls(
            f"The body is {kind}; of videos the server reads Motion JPEG. Convert it, for example with "
            "ffmpeg -i IN -an -c:v mjpeg -q:v 3 OUT.avi, and send that with frames=all."
        )


class UrlRefused(RequestError):
    """`image_url` names a place that the server must not reach."""

    status = 403
    code = "image_url_refused"


class UrlFailed(RequestError):
    """`image_url` could not be fetched: the other side failed, was too slow or sent too much."""

    status = 424
    code = "image_url_failed"


class HeadersTooLarge(RequestError):
    """A request line and headers, or trailers, of more bytes than the server takes."""

    status = 431
    code = "headers_too_large"


class NotReady(RequestError):
    """The model is still being loaded."""

    status = 503
    code = "loading"
    headers = {"Retry-After": "1"}


class Draining(RequestError):
    """The server was told to stop and takes no more work."""

    status = 503
    code = "draining"
    headers = {"Retry-After": "1"}


class Overloaded(RequestError):
    """The queue is full, or the memory for bodies is."""

    status = 503
    code = "overloaded"
    headers = {"Retry-After": "1"}


class TooLate(RequestError):
    """The request waited in the queue for longer than anyone waits for its answer."""

    status = 503
    code = "queue_timeout"
    headers = {"Retry-After": "1"}
