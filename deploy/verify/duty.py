"""I15, of who is there: what is told to callers of a line that has nobody must be so.

From the live states alone, in the order of the assigner's transactions. The surprising thing: who
pauses is on duty; a line has nobody once the last has gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from contracts.assignment import LineStaffed, LiveStateEntered
from contracts.vocabulary import LiveState
from deploy.verify.history import History
from deploy.verify.replay import steps_of
from deploy.verify.verdict import Violation, violation


def staffing(history: History) -> Iterator[Violation]:
    """Every moment at which what was last said of a line is not so; of a line nobody spoke of,
    nothing is claimed.
    """
    at: dict[str, str] = {}
    there: Counter[str] = Counter()
    said: dict[str, bool] = {}
    for step in steps_of(history):
        touched = dict[str, str]()
        for fact in step.facts:
            match fact.event:
                case LineStaffed() as line:
                    said[line.programme] = line.staffed
                    touched[line.programme] = fact.id
                case LiveStateEntered() as entered:
                    before = at.pop(entered.person_id, None)
                    if before is not None:
                        there[before] -= 1
                        touched[before] = fact.id
                    if entered.state is not LiveState.OFF_DUTY:
                        at[entered.person_id] = entered.programme
                        there[entered.programme] += 1
                    touched[entered.programme] = fact.id
        for programme, id in touched.items():
            if programme in said and said[programme] is not (there[programme] > 0):
                what = "nobody is there" if said[programme] else "somebody is there"
                yield violation(f"{what}, and callers are told otherwise", event=id)
