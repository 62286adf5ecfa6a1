"""Results of other listening-test tools, as ratings or preferences of the contract.

Each module reads one tool's files into rows (`rows.Imported`); `finish` assigns roles, replaces ids
by pseudonyms and checks; `recognise` tells the tools apart. Unknown values stay empty.
"""
