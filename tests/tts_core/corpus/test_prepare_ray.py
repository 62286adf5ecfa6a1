"""The same preparation on a local Ray cluster with two processors."""

import builtins

import pytest

from intone.errors import UserError
from tts_core.corpus import cluster
from tts_core.corpus import prepare as preparation
from tts_core.corpus.engines import open_engine
from tts_core.corpus.pool import Piece
from tts_core.corpus.prepare import prepare
from tts_core.corpus.settings import Settings


@pytest.fixture(scope="module")
def cluster_of_two():
    ray = pytest.importorskip("ray", reason="Ray is not installed: the extra `cluster`")
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
    )
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster_of_two")
@pytest.mark.slow
def test_ray_makes_the_same_bytes_as_this_machine_alone(corpus, tmp_path, monkeypatch):
    for name in ("SHARD_SIZE", "RECORDINGS_AT_ONCE"):
        monkeypatch.setattr(preparation, name, 4)
    settings = Settings(parser="rules")
    local = prepare(corpus, tmp_path / "local", settings, workers=1)
    told = []
    made = prepare(
        corpus, tmp_path / "ray", settings, engine="ray", progress=lambda *one: told.append(one)
    )
    assert made == local
    for shard in made.shards:
        one, other = (tmp_path / name / "shards" / shard for name in ("local", "ray"))
        assert one.read_bytes() == other.read_bytes()
    assert [done for stage, done, _ in told if stage == "computing features"] == [0, 4, 8]


def _double(piece: Piece) -> list[int]:
    if 7 in piece.items:
        raise UserError("seven: is not a number that we like")
    return [2 * item for item in piece.items]


@pytest.mark.usefixtures("cluster_of_two")
def test_results_keep_their_order_and_refusals_their_sentence(tmp_path):
    pieces = [Piece(tmp_path, [number]) for number in range(20)]
    with open_engine("ray", 2) as engine, pytest.raises(UserError, match=r"^seven: is not"):
        list(engine(_double, pieces))
    few = [piece for piece in pieces if piece.items != [7]]
    with open_engine("ray", 2) as engine:
        assert list(engine(_double, few)) == [[2 * piece.items[0]] for piece in few]


@pytest.mark.usefixtures("cluster_of_two")
def test_a_machine_that_does_not_see_the_folders_is_named(tmp_path):
    with (
        open_engine("ray", 2, [tmp_path / "elsewhere"]) as engine,
        pytest.raises(UserError, match=r"elsewhere: machine .* does not see it"),
    ):
        list(engine(_double, [Piece(tmp_path, [1])]))


def test_without_ray_the_extra_is_named(monkeypatch):
    original = builtins.__import__

    def without(name, *rest):
        if name == "ray":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match="install the extra `cluster`"), cluster.ray_engine(2, []):
        pass


def test_an_unknown_engine_is_refused(corpus, tmp_path):
    with pytest.raises(UserError, match="spark: no such engine; choose one of local, ray"):
        prepare(corpus, tmp_path / "out", engine="spark")
