"""Updates of real stacks, killed at random moments and at named points, and what is left of them.

processes   one command in a session of its own: who is in it, and how each part is killed
ledger      what became of every run, kept by triggers inside the emulator's file
bystander   a stranger on the same account, whose runs get the ids that ours leave
points      the moments at which an update is killed
model       what must hold of a stack, whatever happened to its updates
episode     a stack's life, seeded: up, changes, forced replacements, destroy, each killed
weather     a hundred creates while the service throttles, fails and loses answers
"""
