"""JavaScript modules of the player: checked types, and nothing else is served."""

import re

from mushra_app.study.texts import FOLDER


def test_every_module_is_checked():
    modules = sorted(FOLDER.rglob("*.js"))
    assert len(modules) > 20
    unchecked = [p.name for p in modules if not p.read_text("utf-8").startswith("// @ts-check\n")]
    assert unchecked == []


def test_declarations_and_configuration_are_not_served(client):
    page = client.get("/test/").text
    [version] = set(re.findall(r"player/([0-9a-f]{12})/", page))
    assert client.get(f"/player/{version}/screen.js").status_code == 200
    for name in ("shapes.d.ts", "jsconfig.json", "../jsconfig.json", "%2e%2e/jsconfig.json"):
        assert client.get(f"/player/{version}/{name}").status_code == 404, name
    assert [p.name for p in FOLDER.rglob("*") if "config" in p.name] == []
