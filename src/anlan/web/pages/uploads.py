"""Files that a form brings: each is read up to its limit, told by its first bytes, and given a name of ours."""

from collections.abc import Sequence

from fastapi import UploadFile
from starlette.responses import Response

from anlan.domain.attachments import MAX_BYTES, MAX_FILES, media_type_of, safe_name
from anlan.errors import InvalidRequest, TooLarge
from anlan.store.attachments import NewFile
from anlan.web.languages import mark


def read_files(uploads: Sequence[UploadFile]) -> list[NewFile]:
    """What was chosen in the form; fields that were left empty are none.

    Raises:
        InvalidRequest: too many, or something that is no picture and no PDF.
        TooLarge: one of them is over 5 MB.
    """
    chosen = [upload for upload in uploads if upload.filename or upload.size]
    if len(chosen) > MAX_FILES:
        raise InvalidRequest(mark("Choose three files at most."))
    return [_read(upload) for upload in chosen]


def _read(upload: UploadFile) -> NewFile:
    content = upload.file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLarge(mark("A file is larger than 5 MB. Make it smaller, or send a part of it."))
    media_type = media_type_of(content)
    if media_type is None:
        raise InvalidRequest(mark("Only pictures (PNG, JPEG) and PDF can be handed in."))
    return NewFile(safe_name(upload.filename or "", media_type), media_type, content)


def hand_out(file: NewFile) -> Response:
    """The file as something to save, never as a page of ours."""
    plain = "".join(sign if sign.isascii() and sign not in '"\\%' else "_" for sign in file.name)
    quoted = "".join(f"%{byte:02X}" for byte in file.name.encode())
    return Response(
        file.content, media_type=file.media_type,
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quoted}",
            "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store",
        },
    )
