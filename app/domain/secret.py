"""What looks like a secret wherever a person may have written it: it is taken out before anything reads the text.

Forms: GitHub's, GitLab's, Slack's and HashiCorp's token prefixes, JSON Web Tokens (RFC 7519), PEM private keys (RFC 7468),
a user part in an address (RFC 3986, 3.2.1), signed addresses of object stores.
"""

import re

REMOVED = "[removed]"

_FORMS = (
    r"(?<![A-Za-z0-9])gh[opsur]_[A-Za-z0-9]{16,}",
    r"(?<![A-Za-z0-9])github_pat_\w{20,}",
    r"(?<![A-Za-z0-9])glpat-[\w-]{16,}",
    r"(?<![A-Za-z0-9])xox[abeprs]-[\w-]{10,}",
    r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{20,}",
    r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]{0,30}PRIVATE KEY-----|[\s\S]*)",
    r"https?://[^\s\"<>]{0,256}/_archivist/[^\s\"<>]*",
    r"(?<=[?&])(?:X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature|sig|access_token|private_token)=[^\s&\"<>]+",
    r"(?<=http://)[^\s/@\"<>]{1,512}(?=@)",
    r"(?<=https://)[^\s/@\"<>]{1,512}(?=@)",
    r"(?<=://)[^\s/:@\"<>]{1,256}:[^\s/@\"<>]{1,512}(?=@)",
)
_SECRET = re.compile("|".join(_FORMS), re.ASCII)
# Quick to look for; whoever holds none of these holds no secret.
_SIGNS = (
    *(b"ghp_", b"gho_", b"ghs_", b"ghu_", b"ghr_", b"github_pat_", b"glpat-", b"xox", b".atlasv1.", b".eyJ", b"PRIVATE KEY"),
    *(b"_archivist", b"Signature=", b"Token=", b"sig=", b"_token="),
)
_LOGIN = re.compile(rb":\\?/\\?/[^\s/@\"<>]{1,770}@")  # JSON may escape its slashes


def may_hold(body: bytes) -> bool:
    """False when no text in `body` can hold a secret; quick."""
    return any(sign in body for sign in _SIGNS) or _LOGIN.search(body) is not None


def without_secrets(text: str) -> str:
    """`text` with each secret shown as `[removed]`."""
    return _SECRET.sub(REMOVED, text)
