"""What looks like a secret wherever a person may have written it: it is taken out before anything reads the text.

Forms: the tokens whose vendors gave them a prefix (GitHub, GitLab, Slack, HashiCorp, Google, npm, PyPI, Stripe, Docker, Grafana),
access keys of AWS and what follows them, JSON Web Tokens (RFC 7519), PEM private keys (RFC 7468), a user part in an address
(RFC 3986, 3.2.1), addresses that open by themselves: signed ones of object stores, Slack's webhooks.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
https://docs.gitlab.com/security/tokens/#token-prefixes
"""

import re

REMOVED = "[removed]"

_KEY = r"(?<![\w/+])(?![0-9a-f]{40}(?![\w/+]))[A-Za-z0-9/+]{40}(?![\w/+=])"  # AWS's secret access key; a commit's id is none
_FORMS = (
    r"(?<![A-Za-z0-9])gh[opsur]_[\w-]{16,}(?:\.[\w-]{8,}){0,2}",
    r"(?<![A-Za-z0-9])github_pat_\w{20,}",
    r"(?<![A-Za-z0-9])gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[\w-]{16,}(?:\.[\w-]{2,}){0,3}",
    r"(?<![A-Za-z0-9])GR1348941[\w-]{16,}",
    r"(?<![A-Za-z0-9])(?:xox[abeprs]|xapp)-[\w-]{10,}",
    r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[^\s\"<>]+",
    r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w-]{20,}",
    r"(?<![A-Za-z0-9])hv[bsr]\.[\w-]{20,}",
    rf"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{{16}}(?![A-Za-z0-9])(?:[\s\S]{{1,80}}?{_KEY})?",
    rf"(?i:(?:aws_?)?secret_?access_?key)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{_KEY}",
    r"(?<![A-Za-z0-9])(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[A-Za-z0-9/+=]{20,}",
    r"(?<![A-Za-z0-9])AIza[\w-]{35}(?![\w-])",
    r"(?<![A-Za-z0-9])ya29\.[\w-]{20,}",
    r"(?<![A-Za-z0-9])(?:npm_|dckr_pat_|glsa_|[sr]k_live_)\w{20,}",
    r"(?<![A-Za-z0-9])pypi-AgE[\w-]{20,}",
    r"(?<=AccountKey=)[A-Za-z0-9/+]{40,}={0,2}",
    r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]*?-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|[\s\S]*)",
    r"https?://[^\s\"<>]{0,256}/_archivist/[^\s\"<>]*",
    r"(?<=[?&])(?:X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature|sig|access_token|private_token)=[^\s&\"<>]+",
    r"(?<=http://)[^\s/@\"<>]{1,512}(?=@)",
    r"(?<=https://)[^\s/@\"<>]{1,512}(?=@)",
    r"(?<=://)[^\s/:@\"<>]{1,256}:[^\s/@\"<>]{1,512}(?=@)",
)
_SECRET = re.compile("|".join(_FORMS), re.ASCII)
# Quick to look for; whoever holds none of these holds no secret.
_SIGNS = (
    *(b"ghp_", b"gho_", b"ghs_", b"ghu_", b"ghr_", b"github_pat_", b"xox", b"xapp-", b".slack.com/", b".atlasv1."),
    *(b"hvs.", b"hvb.", b"hvr.", b"AKIA", b"ASIA", b"IQoJb3JpZ2lu", b"oGZXIvYXdz", b"AIza", b"ya29.", b"npm_", b"dckr_pat_"),
    *(b"glsa_", b"k_live_", b"pypi-", b"AccountKey=", b"GR1348941", b".eyJ", b"PRIVATE KEY"),
    *(b"_archivist", b"Signature=", b"Token=", b"sig=", b"_token="),
)
_LOGIN = re.compile(rb":\\?/\\?/[^\s/@\"<>]{1,770}@")  # JSON may escape its slashes
_NAMED = re.compile(rb"gl[a-z]{2,5}-|(?i:secret_?access_?key)")


def may_hold(body: bytes) -> bool:
    """False when no text in `body` can hold a secret; quick."""
    return any(sign in body for sign in _SIGNS) or _LOGIN.search(body) is not None or _NAMED.search(body) is not None


def without_secrets(text: str) -> str:
    """`text` with each secret shown as `[removed]`."""
    return _SECRET.sub(REMOVED, text)
