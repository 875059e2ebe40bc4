"""
How fast Keystead is, beside something that was measured in the same minutes on the same cores.

::

    machine.py       which core serves and which one asks; what the machine is
    processes.py     a program that was started here: its memory, its time on the processor, its end
    servers.py       how Keystead, and the servers it is compared with, are started
    plan.py          what was asked for, and the databases that the measurements share
    rounds.py        contenders in turn, figures, ratios, targets
    turns.py         one turn under load
    report.py        the table and the JSON
    summary.py       the table of the README
    picture.py       the picture of the README
    flames.py        in which functions the time of a request goes
    publish.py       a run, kept and shown in the README
    load/            what sends requests: wrk, or a generator of our own
    peers/           what it is compared with: other projects, each in an environment of its own
    programs/        what runs in a process of its own: the bare server, Argon2 alone, the seeding
    measurements/    what is measured: one file each

This process imports nothing of Keystead: shared pages would be missing from the server's memory.
"""
