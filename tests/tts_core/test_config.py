"""Recipes are read with the file and the line of every error."""

import pytest

from intone.errors import UserError
from tts_core.config import load_recipe


@pytest.fixture
def recipes(tmp_path):
    """Return a folder with `base.yaml` and its heir `child.yaml`."""
    stages = "stages:\n  1:\n    steps: 10\n    lr: -1\n  2:\n    steps: 10\n"
    (tmp_path / "base.yaml").write_text(f"model:\n  system: ntts\n{stages}")
    (tmp_path / "child.yaml").write_text("inherits: base\n\nmodel:\n  decoder: wide\n")
    return tmp_path


def test_error_names_line_of_the_file_that_holds_the_key(recipes):
    with pytest.raises(UserError, match=r"child\.yaml, line 4: model\.decoder: .*'wide'"):
        load_recipe(str(recipes / "child.yaml"))
    with pytest.raises(UserError, match=r"base\.yaml, line 6: stages\.1\.lr: .*-1"):
        load_recipe(str(recipes / "child.yaml"), {"model.decoder": 8})


def test_error_in_an_override_names_the_override(recipes):
    overrides = {"model.decoder": 8, "stages.1.lr": "fast"}
    with pytest.raises(UserError, match=r"^stages\.1\.lr=fast: stages\.1\.lr: "):
        load_recipe(str(recipes / "child.yaml"), overrides)


def test_malformed_and_circular_recipes_are_rejected(recipes):
    (recipes / "base.yaml").write_text("model:\n- x\n  y\nz: [\n")
    with pytest.raises(UserError, match=r"base\.yaml, line 5: not valid YAML"):
        load_recipe(str(recipes / "child.yaml"))
    (recipes / "base.yaml").write_text("inherits: child\n")
    with pytest.raises(UserError, match="inherits from itself"):
        load_recipe(str(recipes / "child.yaml"))
