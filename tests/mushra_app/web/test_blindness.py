"""Nothing a listener's browser receives tells which version is which."""

import hashlib
import json
import re

from mushra_app.study.file import LOW, MID
from mushra_app.study.manifest import audio_folder
from tests.mushra_app.support import SENTENCES, SYSTEMS, begin, rating

ROLES = ["anchor_low", "anchor_mid", "copy_synthesis", "hidden_ref"]


def test_no_response_of_a_sitting_names_a_system_a_file_or_a_role(study, client):
    files = [p.name for p in audio_folder(study).glob("*.wav")]
    stems = [p.stem for p in (study.parent / "stimuli").iterdir()]
    secret = [*SYSTEMS, *SENTENCES, LOW, MID, *ROLES, *files, *stems, study.name, str(study.parent)]
    seen: list[str] = []

    def keep(response):
        response.read()
        seen.append(str(response.headers) + str(response.url))
        if not response.headers.get("content-type", "").startswith("audio/"):
            seen.append(response.text)
        else:
            # A WAV of three chunks and no more: no text chunk could carry a name.
            seen.append(response.content[:60].decode("latin-1"))
            assert response.content[36:40] == b"data"

    client.event_hooks["response"] = [keep]
    client.get("/", follow_redirects=True)
    client.get("/test/config")
    client.get("/test/gradio_api/info")
    page = begin(client)
    while "slots" in page:
        for sound in [page["reference"], *page["slots"]]:
            assert client.get("/" + sound).status_code == 200
        for slot in range(6):
            client.put(f"/api/v1/page/{page['page']}/rating/{slot}", json=rating(50))
        client.put(f"/api/v1/page/{page['page']}/rating/99", json=rating(50))
        client.post(f"/api/v1/page/{page['page']}/submit")
        page = client.get("/api/v1/page").json()
    for sheet in re.findall(r"/player/[0-9a-f]{12}/", "".join(seen))[:1]:
        for name in ("screen.js", "board.js", "engine.js", "trial.css"):
            assert client.get(sheet + name).status_code == 200
    assert len(seen) > 60
    text = "\n".join(seen)
    for word in secret:
        assert word not in text, word


def test_sounds_of_a_page_differ_in_nothing_but_sound(client):
    page = begin(client)
    answers = [client.get("/" + sound) for sound in [page["reference"], *page["slots"]]]
    kept = [{k: v for k, v in a.headers.items() if k != "date"} for a in answers]
    assert all(headers == kept[0] for headers in kept)
    assert not {"etag", "last-modified", "content-disposition"} & set(kept[0])
    assert kept[0]["cache-control"].startswith("private")
    digests = [hashlib.sha256(a.content).hexdigest() for a in answers]
    assert digests.count(digests[0]) == 2
    addresses = [page["reference"], *page["slots"]]
    assert len(set(addresses)) == 7


def test_tokens_belong_to_one_listener(server):
    with server.client() as one, server.client() as other:
        mine, theirs = begin(one), begin(other)
        addresses = [mine["reference"], *mine["slots"]]
        assert not set(addresses) & {theirs["reference"], *theirs["slots"]}
        assert all(other.get("/" + address).status_code == 404 for address in addresses)


def test_a_page_lists_every_slot_alike(client):
    page = begin(client)
    assert len({len(address) for address in page["slots"]}) == 1
    assert set(json.loads(json.dumps(page))) == {
        "page",
        "pages",
        "kind",
        "phase",
        "language",
        "loudness",
        "prompt",
        "text",
        "on_switch",
        "sample_rate",
        "age_ms",
        "reference",
        "slots",
        "saved",
        "scale",
        "labels",
        "attention",
        "chosen",
    }
