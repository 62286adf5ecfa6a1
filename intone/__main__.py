"""`python -m intone`, and so `torchrun -m intone train ...`."""

from intone.cli import main

main()
