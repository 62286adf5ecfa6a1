"""From a folder of recordings and texts to a prepared corpus that models train on."""
