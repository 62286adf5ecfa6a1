"""Same-origin rule for every request that writes."""


def same_origin(headers: dict[bytes, bytes]) -> bool:
    """Check whether a request comes from our page or no browser.

    Browsers send Sec-Fetch-Site only over https or to this machine; over plain http their Origin
    must be the requested address.

    Args:
        headers: of the request, names in lower case.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin = headers.get(b"origin")
    asked = (headers.get(b"x-forwarded-host"), headers.get(b"host"))
    return origin is None or origin.partition(b"://")[2] in asked
