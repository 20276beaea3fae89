"""Changing what stands on a playlist step by step, so that what stays keeps the date on which it was added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clients.errors import SourceError
from clients.spotify import SpotifyClient

BATCH = 100


@dataclass(frozen=True)
class Step:
    """One request: remove or add `uris` (from `place` on), or move the item at `place` to stand before `before`."""

    kind: str
    uris: tuple[str, ...] = ()
    place: int = 0
    before: int = 0


def steps_between(now: Sequence[str], wanted: Sequence[str]) -> Iterator[Step]:
    """The requests that lead from one list of items to another: first removals, then moves, then additions.

    An address that is on the list more often than wanted is removed wholly, and added again as often as wanted.
    """
    there, goal = Counter(now), Counter(wanted)
    surplus = {uri for uri in there if there[uri] > goal[uri]}
    gone = [uri for uri in dict.fromkeys(now) if uri in surplus]
    for start in range(0, len(gone), BATCH):
        yield Step("remove", tuple(gone[start : start + BATCH]))
    rest = [uri for uri in now if uri not in surplus]
    kept = _kept_of(wanted, Counter(rest))
    yield from _moves(rest, [uri for uri, is_kept in kept if is_kept])
    yield from _additions(kept)


def _kept_of(wanted: Sequence[str], there: Counter[str]) -> list[tuple[str, bool]]:
    """Each wanted item, and whether a copy of it is there already."""
    left, kept = Counter(there), []
    for uri in wanted:
        kept.append((uri, left[uri] > 0))
        left[uri] -= 1
    return kept


def _moves(now: list[str], wanted: list[str]) -> Iterator[Step]:
    """Moves of single items to the front of what is not in place yet."""
    current = list(now)
    for place, uri in enumerate(wanted):
        if current[place] != uri:
            found = current.index(uri, place)
            yield Step("move", (uri,), found, place)
            current.insert(place, current.pop(found))


def _additions(kept: list[tuple[str, bool]]) -> Iterator[Step]:
    """Runs of items that are not there, each at its place, from the front to the back."""
    run: list[str] = []
    for place, (uri, is_kept) in enumerate([*kept, ("", True)]):
        if not is_kept:
            run.append(uri)
        if run and (is_kept or len(run) == BATCH):
            yield Step("add", tuple(run), place - len(run) + (not is_kept))
            run = []


def applied(now: Sequence[str], step: Step) -> list[str]:
    """The list after a step, as Spotify would have it."""
    after = list(now)
    if step.kind == "remove":
        return [uri for uri in after if uri not in step.uris]
    if step.kind == "add":
        return [*after[: step.place], *step.uris, *after[step.place :]]
    after.insert(step.before, after.pop(step.place))
    return after


def send(client: SpotifyClient, playlist_id: str, step: Step) -> str:
    """Make one step; gives the snapshot id after it. Raises UnsureError where nobody knows if it was made."""
    if step.kind == "remove":
        reply = client.remove_from_playlist(playlist_id, list(step.uris))
    elif step.kind == "add":
        reply = client.add_to_playlist(playlist_id, list(step.uris), step.place)
    elif step.kind == "move":
        reply = client.move_in_playlist(playlist_id, step.place, step.before)
    else:
        raise SourceError(f"There is no step called {step.kind}.")
    return str(reply["snapshot_id"])
