"""Message passing over parse trees, as Kathaka 3.2.2 says it."""

import pytest
import torch

from tts_core.models.graph import GraphAttention, TreeEncoder


def adjacency_of(parents, size=None):
    size = size or len(parents)
    out = torch.eye(size, dtype=torch.bool)
    for child, parent in enumerate(parents):
        if parent >= 0:
            out[child, parent] = out[parent, child] = True
    return out


def encode(tree, nodes, parents, leaves):
    """One tree to its vector (4 units,)."""
    return tree(
        torch.tensor([nodes]),
        adjacency_of(parents)[None],
        torch.tensor([leaves]),
        torch.tensor([len(leaves)]),
    )[0]


def test_graph_attention_equals_torch_geometric():
    geometric = pytest.importorskip("torch_geometric.nn")
    ours, oracle = GraphAttention(6, 5), geometric.GATConv(6, 5, heads=1)
    with torch.no_grad():
        oracle.lin.weight.copy_(ours.weight.weight)
        oracle.att_dst.copy_(ours.attend_to.weight.view(1, 1, 5))
        oracle.att_src.copy_(ours.attend_from.weight.view(1, 1, 5))
        ours.bias.uniform_(-1, 1)
        oracle.bias.copy_(ours.bias)
    parents = [-1, 0, 0, 1, 1, 2]
    adjacency = adjacency_of(parents)
    edges = (adjacency & ~torch.eye(6, dtype=torch.bool)).nonzero().T
    nodes = torch.randn(6, 6)
    torch.testing.assert_close(ours(nodes[None], adjacency[None])[0], oracle(nodes, edges))


def test_a_tree_beside_a_larger_one_stays_the_same():
    tree = TreeEncoder(9, 4, 8, 3, 5).eval()
    small, large = [-1, 0, 0], [-1, 0, 0, 1, 1, 2, 2, 2]
    alone = encode(tree, [3, 4, 5], small, [1, 2])
    nodes = torch.zeros(2, 8, dtype=torch.int64)
    nodes[0, :3], nodes[1] = torch.tensor([3, 4, 5]), torch.arange(1, 9)
    adjacency = torch.stack([adjacency_of(small, 8), adjacency_of(large)])
    leaves = torch.tensor([[1, 2, 0, 0, 0], [3, 4, 5, 6, 7]])
    together = tree(nodes, adjacency, leaves, torch.tensor([2, 5]))
    torch.testing.assert_close(together[0], alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        together[1], encode(tree, list(range(1, 9)), large, [3, 4, 5, 6, 7]), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_n_passes_carry_news_over_n_edges_and_no_further(passes):
    """Chain of five nodes read at its leaf."""
    tree = TreeEncoder(9, 4, 8, passes, 5).eval().double()
    parents = [-1, 0, 1, 2, 3]
    before = encode(tree, [1, 1, 1, 1, 1], parents, [4])
    for distance in range(1, 5):
        nodes = [1, 1, 1, 1, 1]
        nodes[4 - distance] = 2
        moved = (encode(tree, nodes, parents, [4]) - before).abs().max() > 1e-12
        assert moved == (distance <= passes), distance


def test_nodes_may_be_numbered_anyhow_but_leaves_are_read_in_order():
    tree = TreeEncoder(9, 4, 8, 4, 5).eval()
    vector = encode(tree, [1, 2, 3, 4, 5], [-1, 0, 0, 1, 1], [3, 4, 2])
    # The same tree, its nodes listed backwards.
    renumbered = encode(tree, [5, 4, 3, 2, 1], [3, 3, 4, 4, -1], [1, 0, 2])
    torch.testing.assert_close(renumbered, vector)
    swapped = encode(tree, [1, 2, 3, 4, 5], [-1, 0, 0, 1, 1], [4, 3, 2])
    assert not torch.allclose(swapped, vector, atol=1e-4)


def test_all_passes_share_one_weight():
    sizes = {sum(p.numel() for p in TreeEncoder(9, 4, 8, n, 5).parameters()) for n in (1, 20)}
    assert len(sizes) == 1


def test_a_tree_with_one_leaf_or_one_node_has_a_vector():
    tree = TreeEncoder(9, 4, 8, 5, 5).eval()
    for parents, leaves in (([-1, 0], [1]), ([-1], [0])):
        vector = encode(tree, [1] * len(parents), parents, leaves)
        assert torch.isfinite(vector).all()
        assert torch.equal(vector[:10], vector[10:]), "its first state is its last"
