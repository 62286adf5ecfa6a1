"""Results of other listening-test tools, as ratings or preferences of the contract.

Each module reads one tool's files into rows (`found.Found`); `finish` names who is who, replaces
ids by pseudonyms and checks; `recognise` tells the tools apart. What a file does not say stays
empty.
"""
