"""Every shipped recipe builds, learns in each stage, and matches its name."""

import pytest
import torch
import yaml

from tts_core.config import RECIPES, Recipe, load_recipe
from tts_core.models.build import build
from tts_core.training.optimise import parameter_groups
from tts_core.training.stage_loss import StageLoss
from tts_core.training.validate import batch_of, validate

WIDTHS = (
    "embedding",
    "encoder",
    "decoder",
    "prenet",
    "duration",
    "latent",
    "reference",
    "sampler_width",
    "node_embedding",
    "graph",
    "context_width",
    "predictor",
    "predictor_prenet",
    "postnet",
    "attention",
)
PATHS = {path.stem: path for path in sorted(RECIPES.rglob("*.yaml"))}
NAMES = sorted(PATHS)
CHILDREN = [name for name in NAMES if "inherits" in PATHS[name].read_text()]


@pytest.fixture
def small(bert_folder):
    """Return small(name): the recipe in the smallest widths."""

    def make(name: str) -> Recipe:
        changes: dict[str, object] = {f"model.{width}": 8 for width in WIDTHS}
        changes |= {"text_encoder.name": str(bert_folder), "text_encoder.layer": 2}
        return load_recipe(name, changes)

    return make


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_takes_a_step_in_every_stage(name, small, facts, utterance):
    recipe = small(name)
    model = build(recipe, facts)
    rows = [utterance(seed, 3) for seed in range(2)]
    batch = batch_of(rows, range(2))
    for number, stage in model.stages(recipe.stages).items():
        loss = StageLoss(model, stage).eval()
        cached = stage.remember(rows, torch.device("cpu"))
        stage.begin(cached)
        learning = [p for p in loss.parameters() if p.requires_grad]
        before = [p.detach().clone() for p in learning]
        rest = [p.detach().clone() for p in loss.parameters() if not p.requires_grad]
        optimizer = torch.optim.Adam(learning, recipe.stages[number].lr)
        parts, weights = loss.train()(batch, cached), stage.weights(0)
        sum(weights[key] * part for key, part in parts.items()).backward()
        optimizer.step()
        assert any(not torch.equal(a, b) for a, b in zip(before, learning, strict=True))
        frozen = [p for p in loss.parameters() if not p.requires_grad]
        assert all(torch.equal(a, b) for a, b in zip(rest, frozen, strict=True))
        held_out = validate(loss, rows, cached, recipe.stages[number], torch.device("cpu"))
        assert stage.criterion in held_out
        assert all(torch.isfinite(torch.tensor(value)) for value in held_out.values())


@pytest.mark.parametrize("name", CHILDREN)
def test_a_recipe_that_inherits_differs_from_its_parent(name):
    own = yaml.safe_load(PATHS[name].read_text())
    recipe, parent = load_recipe(name), load_recipe(own["inherits"])
    assert recipe.description
    assert recipe.description != parent.description
    whole, base = (r.model_dump(exclude={"name", "description"}) for r in (recipe, parent))
    assert whole != base


@pytest.mark.parametrize(
    ("name", "parent", "part"),
    [
        ("kathaka_2bilstm", "kathaka", "encoder.lstm"),
        ("camp_2bilstm", "camp", "encoder.lstm"),
        ("durian_plus_4lstm", "durian_plus", "decoder.lstm"),
        ("ntts_attention_4lstm", "ntts_attention", "decoder.lstm"),
        ("ntts_attention_r2", "ntts_attention", "decoder.output"),
        ("kathaka_bert", "kathaka_graph", "sampler.context"),
        ("kathaka", "kathaka_graph", "sampler.context"),
        ("kathaka", "kathaka_bert", "sampler.tree"),
        ("camp", "camp_syntax", "prosody_predictor.context"),
        ("camp", "camp_bert", "prosody_predictor.streams"),
        ("camp_d16", "camp", "reference_encoder.output"),
        ("camp", "camp_mel_reference", "reference_encoder.convs"),
        ("camp", "camp_unsmoothed", "decoder.smooth"),
        ("durian_plus_bert", "durian_plus", "encoder.context"),
        ("ntts_attention_bert", "ntts_attention", "encoder.context"),
    ],
)
def test_a_switch_makes_the_part_larger_that_it_names(name, parent, part, small, facts):
    def parameters(recipe: str) -> int:
        named = build(small(recipe), facts).named_parameters()
        return sum(p.numel() for key, p in named if key.startswith(part))

    assert parameters(name) > parameters(parent)


@pytest.mark.parametrize("name", NAMES)
def test_text_encoder_learns_only_as_the_recipe_demands(name, small, facts):
    recipe = small(name)
    if not recipe.model.reads_text_encoder:
        assert not any("context.encoder" in n for n, _ in build(recipe, facts).named_parameters())
        return
    model = build(recipe, facts)
    for stage in model.stages(recipe.stages).values():
        loss = StageLoss(model, stage).eval()
        learns = [p.requires_grad for n, p in loss.named_parameters() if "context.encoder." in n]
        in_stage = any(
            "context" in n for t in stage.trains for n, _ in model.get_submodule(t).named_modules()
        )
        assert any(learns) == (in_stage and recipe.text_encoder.finetune)


@pytest.mark.parametrize(("name", "number"), [("kathaka", 2), ("camp", 2), ("durian_plus_bert", 1)])
def test_the_text_encoder_learns_at_its_own_low_rate(name, number, small, facts):
    recipe = small(name)
    model = build(recipe, facts)
    loss = StageLoss(model, model.stages(recipe.stages)[number])
    rates = {
        id(parameter): group["base_lr"]
        for group in parameter_groups(loss, recipe, recipe.stages[number])
        for parameter in group["params"]
    }
    learning = {n: p for n, p in loss.named_parameters() if p.requires_grad}
    assert rates.keys() == {id(p) for p in learning.values()}
    of_encoder = {rates[id(p)] for n, p in learning.items() if ".context.encoder." in n}
    of_rest = {rates[id(p)] for n, p in learning.items() if ".context.encoder." not in n}
    assert of_encoder == {2e-5}
    assert of_rest == {recipe.stages[number].lr}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        # Adam 1e-3 and 300,000 steps: Hodari et al. 2021; 1e-4 and 100,000 for the predictor.
        ("camp", {1: (1e-3, 300_000), 2: (1e-4, 100_000)}),
        ("durian_plus", {1: (1e-3, 300_000)}),
        ("ntts_attention", {1: (1e-3, 300_000)}),
    ],
)
def test_recipes_have_the_published_rates_and_steps(name, kept):
    stages = load_recipe(name).stages
    assert {n: (s.lr, s.steps) for n, s in stages.items()} == kept
    assert all(stage.lr_decay == 0.98 for stage in stages.values())
    assert stages[1].duration_weight == 0.025
