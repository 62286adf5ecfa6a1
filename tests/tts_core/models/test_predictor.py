"""CAMP's stage 2 learns from its context, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from intone.errors import UserError
from tts_core.config import StageConfig
from tts_core.corpus.paragraphs import in_paragraph, read_splits, with_neighbours
from tts_core.corpus.shards import write_shard
from tts_core.models.batch import collate
from tts_core.models.camp import CAMP
from tts_core.models.prosody_controls import foreign_context, other_texts
from tts_core.text.bert import pool_units
from tts_core.training.stage_loss import StageLoss
from tts_core.training.validate import batch_of, validate

CPU = torch.device("cpu")
PIECES, TAGS, SIZE = range(5, 11), range(1, 6), 3
TABLE = torch.from_numpy(np.random.default_rng(1).normal(size=(60, SIZE))).float()


def invented_text(row, seed):
    """Return an utterance with few tags, one to three pieces a unit."""
    random = np.random.default_rng(seed)
    n_units = len(row.encoded.pos)
    units = np.repeat(np.arange(n_units), random.integers(1, 4, n_units))
    encoded = replace(
        row.encoded,
        pos=random.choice(TAGS, n_units),
        pieces=np.concatenate([[1], random.choice(PIECES, len(units)), [2]]),
        piece_unit=np.concatenate([[-1], units, [-1]]),
    )
    return replace(row, encoded=encoded, utterance=f"u{seed}", text=f"text {seed}")


@pytest.fixture
def rows(utterance):
    return [invented_text(utterance(i, 3 + i % 5), i) for i in range(96)]


@pytest.fixture
def camp(sizes, facts, text_context):
    """camp(context, finetune=True, **widths): a whole system of the smallest widths."""

    def make(context, finetune=True, **widths):
        bert = text_context(finetune) if "bert" in context else None
        config = sizes("camp", context=context, **widths)
        return CAMP(config, facts, bert)

    return make


def from_syntax(row):
    """Tag and word class decide a unit's vector."""
    return TABLE[row.encoded.pos] + TABLE[30 + row.encoded.word_class]


def from_pieces(row):
    """The mean of a unit's word pieces decides its vector."""
    states = TABLE[row.encoded.pieces][None]
    units = torch.from_numpy(row.encoded.piece_unit)[None]
    return 1.5 * pool_units(states, units, len(row.encoded.pos))[0]


def from_both(row):
    return from_syntax(row) + from_pieces(row)


def trained(model, rows, vectors, held_out, held_out_vectors, steps=40, lr=0.01):
    """Train stage 2 on word vectors, validated as the loop does."""
    config = StageConfig(steps=steps, batch_frames=4000)
    stage = model.stages({1: config, 2: config})[2]
    loss = StageLoss(model, stage).eval()
    cached = {**stage.remember(rows, CPU), "vectors": vectors}
    stage.begin(cached)
    learning = [p for p in loss.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=lr)
    batch = batch_of(rows, range(len(rows)))
    for _ in range(steps):
        optimizer.zero_grad()
        loss.train()(batch, cached)["prosody"].backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
    kept = {**stage.remember(held_out, CPU), "vectors": held_out_vectors}
    return validate(loss, held_out, kept, config, CPU)


@pytest.mark.parametrize(
    ("context", "vectors_of"),
    [
        ("syntax", from_syntax),
        ("bert", from_pieces),
        ("bert+syntax", from_both),
    ],
)
def test_beats_the_median_and_another_text_where_its_context_decides(
    context, vectors_of, rows, camp
):
    """Targets are a known function of unseen text."""
    vectors = [vectors_of(row) for row in rows]
    found = trained(camp(context), rows[:64], vectors[:64], rows[64:], vectors[64:])
    assert found["prosody"] < 0.5 * found["median"], found
    assert found["prosody"] < 0.5 * found["shuffled"], found


@pytest.mark.parametrize(
    ("context", "vectors_of"),
    [
        ("syntax", from_pieces),
        ("bert", from_syntax),
    ],
)
def test_is_no_better_than_its_controls_without_information_in_context(
    context, vectors_of, rows, camp
):
    vectors = [vectors_of(row) for row in rows]
    found = trained(camp(context), rows[:64], vectors[:64], rows[64:], vectors[64:], 20)
    assert found["prosody"] > 0.9 * min(found["median"], found["shuffled"]), found


def test_is_causal_in_its_targets(rows, camp):
    """Word w depends on all earlier vectors, never on its own."""
    predictor = camp("syntax").eval().prosody_predictor
    context = predictor.encode(collate([rows[2].encoded]))
    target = torch.randn(1, context.shape[1], SIZE, requires_grad=True)
    predictor(context, target)[0, 3].sum().backward()
    gradient = target.grad[0].abs().sum(-1)
    assert (gradient[3:] == 0).all()
    assert (gradient[:3] > 0).all()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_steps_give_what_teacher_forcing_gives(rows, camp, dtype, tolerance):
    predictor = camp("bert+syntax").to(dtype).eval().prosody_predictor
    predictor.fit_scale(torch.randn(50, SIZE, dtype=dtype) * 3 + 1)
    batch = collate([row.encoded for row in rows[:3]])
    with torch.no_grad():
        generated = predictor.standardise(predictor.generate(batch))
        forced = predictor(predictor.encode(batch), generated)
    torch.testing.assert_close(forced, generated, atol=tolerance, rtol=0)


@pytest.mark.parametrize("finetune", [True, False])
def test_padding_changes_no_prediction(finetune, rows, camp):
    predictor = camp("bert+syntax", finetune).eval().prosody_predictor
    short, long = rows[0].encoded, with_neighbours(rows[4].encoded, [rows[1].encoded])
    n_units = len(short.pos)
    assert n_units < len(long.pos)
    with torch.no_grad():
        alone, together = (predictor.generate(collate(texts)) for texts in ([short], [short, long]))
    torch.testing.assert_close(together[0, :n_units], alone[0], atol=1e-5, rtol=0)


def test_a_words_pieces_are_averaged():
    states = torch.tensor([[[9.0], [1.0], [3.0], [5.0], [9.0]]])
    owner = torch.tensor([[-1, 0, 0, 1, -1]])
    assert pool_units(states, owner, 3)[0, :, 0].tolist() == [2.0, 5.0, 0.0]


def test_one_word_and_a_word_of_many_pieces(rows, camp):
    predictor = camp("bert+syntax").eval().prosody_predictor
    row = rows[0].encoded
    many = replace(
        row,
        **{name: getattr(row, name)[:1] for name in ("pos", "word_class", "compound")},
        punctuation=np.zeros(1, np.int64),
        pieces=np.array([1, *[7, 8] * 25, 2]),
        piece_unit=np.array([-1, *[0] * 50, -1]),
    )
    vectors = predictor.generate(collate([many]))
    assert vectors.shape == (1, 1, SIZE)
    assert vectors.isfinite().all()


@pytest.mark.parametrize("finetune", [True, False])
def test_stage_2_trains_the_predictor_and_nothing_else(finetune, rows, camp, tmp_path, monkeypatch):
    """Weights and running statistics of the frozen parts stay bit-identical."""
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    model = camp("bert+syntax", finetune)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    vectors = [from_both(row) for row in rows[:8]]
    trained(model, rows[:8], vectors, rows[8:12], [from_both(row) for row in rows[8:12]], 2)
    for name, value in model.state_dict().items():
        frozen = not name.startswith("prosody_predictor.") or (
            not finetune and ".context.encoder." in name
        )
        assert not frozen or torch.equal(value, before[name]), name
    for name, parameter in model.named_parameters():
        if not name.startswith("prosody_predictor.") or (not finetune and ".encoder." in name):
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_kept_states_of_a_frozen_encoder_are_its_states(rows, camp, tmp_path, monkeypatch):
    monkeypatch.setenv("INTONE_CACHE", str(tmp_path))
    model = camp("bert", finetune=False).eval()
    config = StageConfig(steps=1)
    stage = model.stages({1: config, 2: config})[2]
    loss = StageLoss(model, stage).eval()
    cached = stage.remember(rows[:6], CPU)
    stage.begin(cached)
    batch = batch_of(rows[:6], [4, 1])
    with torch.no_grad():
        kept = loss(batch, cached)
        read = loss(batch, {name: v for name, v in cached.items() if name != "text_states"})
    for name, value in kept.items():
        torch.testing.assert_close(value, read[name], atol=1e-6, rtol=1e-5)


def in_paragraphs(rows, length=4):
    """The rows as paragraphs of `length` sentences."""
    names = [row.utterance for row in rows]
    return [
        replace(
            row,
            previous=names[i - 1] if i % length else None,
            next=names[i + 1] if (i + 1) % length else None,
        )
        for i, row in enumerate(rows)
    ]


def test_neighbours_surround_a_sentence_without_units(rows):
    linked = in_paragraphs(rows[:8])
    by_name = {row.utterance: row for row in linked}
    own = [row.encoded.pieces[1:-1].tolist() for row in linked]
    for at, expected in {0: own[0] + own[1] + own[2], 2: own[0] + own[1] + own[2] + own[3]}.items():
        wide = in_paragraph(linked[at], by_name, 2).encoded
        assert wide.pieces.tolist() == [1, *expected, 2]
        assert wide.pieces[wide.piece_unit >= 0].tolist() == own[at]
        assert wide.pos.tolist() == linked[at].encoded.pos.tolist()
    assert len(in_paragraph(linked[2], by_name, 1).encoded.pieces) == 2 + sum(map(len, own[1:4]))
    # A neighbour that preparation left out ends the paragraph.
    del by_name["u1"]
    assert in_paragraph(linked[2], by_name, 2).encoded.pieces.tolist() == [1, *own[2], *own[3], 2]


def test_context_beyond_the_sentence_adds_information(rows, camp):
    """The previous sentence alone decides the ending's vector.

    Only the first unit's vector differs: the others could be read off the vectors before them.
    """
    linked = in_paragraphs(rows, length=2)
    moods = np.random.default_rng(5).integers(0, 2, len(rows))
    for at in range(0, len(rows), 2):
        pieces = np.full_like(rows[at].encoded.pieces, 50 + moods[at])
        linked[at] = replace(linked[at], encoded=replace(linked[at].encoded, pieces=pieces))
    by_name = {row.utterance: row for row in linked}
    endings = linked[1::2]
    vectors = [torch.zeros(len(row.encoded.pos), SIZE) for row in endings]
    for vector, mood in zip(vectors, moods[::2], strict=True):
        vector[0] = TABLE[50 + mood]
    found = {}
    for neighbours in (0, 1):
        wide = [in_paragraph(row, by_name, neighbours) for row in endings]
        found[neighbours] = trained(camp("bert"), wide[:32], vectors[:32], wide[32:], vectors[32:])
    assert found[1]["prosody"] < 0.5 * found[0]["prosody"], found
    assert found[1]["prosody"] < 0.5 * found[1]["shuffled"], found


def test_neighbours_of_a_corpus_without_paragraphs_are_refused(corpus):
    """Kathleen's sentences have no neighbours: the option must fail."""
    with pytest.raises(UserError, match="knows no sentence's neighbours"):
        read_splits(corpus, ("train",), 1)
    assert len(read_splits(corpus, ("train",), 0)["train"]) == 24


def test_neighbours_are_read_from_every_split(corpus):
    """A training sentence reads a test neighbour's text, not its recording."""
    rows = in_paragraphs([*corpus.split("train"), *corpus.split("validation")], length=28)
    rows[1] = replace(rows[1], split="test")
    write_shard(corpus.path / "shards" / "000.parquet", rows, corpus.info.features)
    found = read_splits(corpus, ("train", "validation"), 1)
    assert [len(found[name]) for name in ("train", "validation")] == [23, 4]
    expected = [row.encoded.pieces[1:-1].tolist() for row in rows[:2]]
    assert found["train"][0].encoded.pieces.tolist() == [1, *expected[0], *expected[1], 2]
    last = found["validation"][0].encoded
    assert len(last.pieces) == 2 + sum(len(row.encoded.pieces) - 2 for row in rows[23:26])
    assert np.array_equal(found["train"][0].mel, rows[0].mel)


def test_every_text_meets_another_of_like_length(rows):
    again = replace(rows[0], utterance="again")
    found = other_texts([*rows, again], seed=3)
    assert found == other_texts([*rows, again], seed=3) != other_texts([*rows, again], seed=4)
    assert found[-1] == found[0], "readings of one text meet one other text"
    assert sorted(found[:-1]) == list(range(len(rows))), "a permutation"
    for row, other in zip(rows, found, strict=False):
        assert row.text != rows[other].text
        assert abs(len(row.encoded.pos) - len(rows[other].encoded.pos)) <= 1
    assert other_texts([rows[0], again]) is None


def test_a_foreign_context_is_laid_over_the_words_in_order(rows, camp):
    predictor = camp("syntax").eval().prosody_predictor
    short, long = (collate([rows[i].encoded]) for i in (0, 4))
    own = predictor.encode(short)
    laid = foreign_context(predictor, long, short)
    n, of = own.shape[1], laid.shape[1]
    for place in range(of):
        assert torch.equal(laid[0, place], own[0, place * n // of])
