"""What is read out of the stacks that were sampled."""

from bench.flames import LISTED, table


def test_a_function_counts_once_for_each_stack_it_is_on_whichever_line_it_was_at() -> None:
    stacks = [
        "main (a.py:1);work (b.py:10);work (b.py:11) 6",
        "main (a.py:2);work (b.py:12) 2",
        "main (a.py:3) 2",
    ]

    assert table(stacks).splitlines()[2:] == [
        "| 80.0% | 80.0% | `work (b.py)` |",
        "| 20.0% | 100.0% | `main (a.py)` |",
    ]


def test_threads_that_wait_are_left_out() -> None:
    stacks = ["main (a.py:1) 1", "run (t.py:1);Condition.wait (threading.py:327) 9", "process 7 9"]

    assert table(stacks).splitlines()[2:] == ["| 100.0% | 100.0% | `main (a.py)` |"]


def test_the_largest_are_listed() -> None:
    stacks = [f"f{number} (a.py:1) {number + 1}" for number in range(2 * LISTED)]

    listed = table(stacks).splitlines()[2:]

    assert len(listed) == LISTED
    assert f"`f{2 * LISTED - 1} (a.py)`" in listed[0]
