"""What a machine answers on a page, so that rehearsal and audit get through every kind of page."""

from typing import Any

Request = tuple[str, str, object]


def requests_for(page: dict[str, Any]) -> list[Request]:
    """Requests, below /api/v1, that answer a page completely.

    Args:
        page: what GET /page told.
    """
    address = f"page/{page['page']}"
    if "slots" not in page:
        answers = _ANSWERS.get(page["kind"], lambda _: {})(page)
        body = {"answers": answers, "seq": page["saved"]["seq"] + 1}
        return [("PUT", f"{address}/answers", body)] if answers else []
    low, high = page["scale"]
    heard = {"n_plays": 1, "heard_ms": 1500, "rating_time_ms": 4000}
    chosen = page["kind"] == "ab"
    found: list[Request] = []
    for slot in range(len(page["slots"])):
        seq = page["saved"].get(str(slot), {}).get("seq", 0) + 1
        body = {"score": None if chosen else (low + high) // 2, "seq": seq, **heard}
        found.append(("PUT", f"{address}/rating/{slot}", body))
    if chosen:
        body = {"choice": "first", "seq": page["chosen"]["seq"] + 1, "rating_time_ms": 4000}
        found.append(("PUT", f"{address}/choice", body))
    return found


_ANSWERS: dict[str, Any] = {}
