"""Classes of names that mean the same, made from pairwise verdicts without chaining.

A class is complete: every two of its members were judged the same. Joining what is merely connected would chain
A = B and B = C into A = C, which no one said; on real names that soon puts half of a subject into one class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def complete_linkage(
    count: int, same: Mapping[tuple[int, int], float], frozen: Sequence[Sequence[int]] = ()
) -> list[list[int]]:
    """Partition items 0..count-1 so that all pairs within a class are in `same`.

    `same` has the score of every pair (i, j), i < j, that was judged the same; pairs that are not in it are different.
    Pairs are taken by descending score, ties by index, and two classes become one if that leaves it complete. Classes
    only grow, so one pass is enough. `frozen` classes are taken as they are, whatever `same` says of their members;
    they may gain members that match all of theirs, and never become one with each other.

    Returns the classes, each ascending, ordered by first item.
    """
    classes = {item: [item] for item in range(count)}
    fixed: set[int] = set()
    for members in frozen:
        whole = sorted(members)
        fixed.update(whole)
        classes.update(dict.fromkeys(whole, whole))
    for i, j in sorted(same, key=lambda pair: (-same[pair], pair)):
        left, right = classes[i], classes[j]
        if left is right or (fixed.intersection(left) and fixed.intersection(right)):
            continue
        if all((min(a, b), max(a, b)) in same for a in left for b in right):
            whole = sorted(left + right)
            classes.update(dict.fromkeys(whole, whole))
    return [members for item, members in sorted(classes.items()) if members[0] == item]
