"""A team's repository in git, played commit by commit through the real engine.

repository   the team's files and its git repository
script       what the team does, day by day, and what it expects of each commit
book         what ought to be there by the history, read from the repository alone
bill         what the emulator's runs cost, by a price list of its own
pipeline     what a pipeline does with a commit: check out, preview, report, update
play         one day after the other: what was said, what happened, what is there
"""
