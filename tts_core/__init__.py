"""Training side: corpora, acoustic models, vocoders, synthesis and evaluation."""
