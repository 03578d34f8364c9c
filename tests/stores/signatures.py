"""How links are signed, by those who do it: # stands for what must not be seen."""

from __future__ import annotations

SIGNATURES = {
    "Amazon S3, version 4": "X-Amz-Algorithm=A&X-Amz-Credential=#&x-amz-date=2026&X-Amz-Expires=600"
    "&X-Amz-SignedHeaders=host&X-Amz-Security-Token=#&X-Amz-Signature=#",
    "Amazon S3, version 2": "AWSAccessKeyId=#&Expires=1&Signature=#",
    "CloudFront": "Expires=1&Signature=#&Key-Pair-Id=#&Hash-Algorithm=SHA256",
    "CloudFront, with a policy": "Policy=#&Signature=#&Key-Pair-Id=#",
    "Google Cloud Storage, version 4": "X-Goog-Algorithm=A&X-Goog-Signature=#&X-Goog-Credential=#&X-Goog-Date=1",
    "Google Cloud Storage, version 2": "GoogleAccessId=#&Expires=1&Signature=#",
    "Google Cloud CDN": "URLPrefix=#&Expires=1&KeyName=cat&Signature=#",
    "Google Media CDN": "Edge-Cache-Token=#",
    "Azure Storage, a service": "sv=2026-01-01&st=2026&se=2027&sr=b&sp=r&sip=::1&si=cats&ses=a&sig=#&spr=https",
    "Azure Storage, an account": "sv=2026-01-01&ss=b&srt=o&sp=r&se=2027&sig=#",
    "Azure Storage, a user": "sp=r&sr=b&skoid=1&sktid=2&skt=3&ske=4&sks=b&skv=5&saoid=6&suoid=7&scid=8&sdd=9&sduoid=10"
    "&skdutid=11&sig=#",
    "Alibaba OSS": "OSSAccessKeyId=#&Expires=1&Signature=#&security-token=#",
    "Alibaba OSS, version 4": "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential=#&x-oss-date=1&x-oss-expires=1"
    "&x-oss-signature=#",
    "Alibaba CDN": "auth_key=1-0-0-#",
    "Volcengine TOS": "X-Tos-Algorithm=A&X-Tos-Credential=#&X-Tos-Date=1&X-Tos-Expires=1&X-Tos-Signature=#",
    "Tencent COS": "q-sign-algorithm=sha1&q-ak=#&q-sign-time=1&q-key-time=1&q-header-list=&q-url-param-list="
    "&q-signature=#&x-cos-security-token=#",
    "Tencent CDN, A": "sign=1-0-0-#",
    "Tencent CDN, D": "sign=#&t=1582791032",
    "Huawei OBS": "AccessKeyId=#&Expires=1&Signature=#",
    "Huawei CDN": "auth_key=#&timestamp=1582791032",
    "Qiniu": "e=1451491200&token=#:#",
    "Akamai": "hdnts=exp=1~acl=/*~hmac=#",
    "Akamai, earlier": "hdnea=exp=1~acl=/*~hmac=#",
    "Akamai, its own answer": "hdntl=exp=1~acl=/*~data=hdntl~hmac=#",
    "Akamai, as its samples have it": "__token__=exp=1~hmac=#",
    "Akamai, of the years before": "__gda__=1_#",
    "Cloudflare": "verify=1484063787-#",
    "Cloudflare Stream": "token=#",
    "Cloudflare Images": "exp=1631289275&sig=#",
    "Fastly": "token=1_#",
    "Bunny": "token=#&expires=1&token_path=%2Fa%2F&token_countries=US&token_countries_blocked=CA"
    "&token_ignore_params=true",
    "KeyCDN": "token=#&expire=1",
    "nginx": "md5=#&expires=1",
    "nginx, as others name it": "secure=#&expires=1",
    "somebody's": "auth=#",
    "somebody's key": "authkey=#",
    "somebody's token": "access_token=#",
    "somebody's Token": "accessToken=#",
    "quoted for no reason": "%53ignature=#",
}


def signature_of(vendor: str, number: str = "") -> str:
    """The query of a signed link, another one for each `number`."""
    return SIGNATURES[vendor].replace("#", f"CANARY-SIGNATURE{number}")
