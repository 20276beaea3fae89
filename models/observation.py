"""What was really heard, told from looks at a player that come some seconds apart.

Pure: every call is given the time. What was not seen is not claimed:

- Between two looks at one item, heard is the advance of its position, and never more than the time between the looks. A
  jump of the position is a seek: the time between counts if it played at both looks, else nothing. Whether paused or
  not, the play goes on.
- An item seen first was heard since it began, and never for longer than since the look before. The first look of all
  thus finds nothing heard, and the play is partial: its beginning was not seen.
- Another item ends a play that was playing: at its natural end where the time left fits before the other began, else
  when the other began; then it was skipped, unless no more was left than Spotify's crossfade. It ends one that was
  paused where it was paused.
- Position back near the beginning is a repeat, so a new play, after the end or after 90 % were reached or heard.
- A silence of more than 30 minutes ends a play when it was last heard; so does nothing playing, unless the natural end
  fits. After more than 10 minutes without a look nobody knows how a play went on, and nothing is added to it for that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

Item = dict[str, Any]

TOLERANCE_MS = 2_000  # an answer is some time under way, and no two for equally long
CROSSFADE_MS = 12_000  # the longest that Spotify offers: the next track begins so long before the end
TRUSTED_GAP_MS = 10 * 60_000
LONGEST_SILENCE_MS = 30 * 60_000
REPEAT_SHARE = 0.9

SHORTEST_WAIT_S, LONGEST_WAIT_S = 2.0, 30.0
BACK_OFF_S = (30.0, 60.0, 120.0, 300.0)

DONE, SKIPPED = "trackdone", "fwdbtn"  # Spotify's words for why a play ended


@dataclass(frozen=True)
class Sighting:
    """What the player shows at one look. `item` is plain data of any shape; only its `duration_ms` is read here."""

    item_uri: str
    item: Item
    progress_ms: int
    is_playing: bool
    context_uri: str | None = None
    device_kind: str | None = None
    is_shuffle: bool | None = None
    repeat: str | None = None

    @property
    def duration_ms(self) -> float:
        """Length of the item; endless where it is not known."""
        return self.item.get("duration_ms") or math.inf

    @property
    def left_ms(self) -> float:
        """What is left of the item at normal speed."""
        return max(0, self.duration_ms - self.progress_ms)


@dataclass(frozen=True)
class Heard:
    """A play: what was heard, from when (UTC) until when it was last heard, and for how long without pauses.

    is_partial: it began, as far as was seen, in the middle of the item. was_repeated: the same item began again right
    after. reason_start is the reason_end of the play right before; both are null where they are not known.
    """

    item: Item
    started_at: datetime
    ended_at: datetime
    ms_played: int
    pause_count: int = 0
    context_uri: str | None = None
    device_kind: str | None = None
    is_shuffle: bool | None = None
    repeat: str | None = None
    is_partial: bool = False
    reason_start: str | None = None
    reason_end: str | None = None
    was_repeated: bool = False

    @property
    def was_skipped(self) -> bool:
        """Whether it was left before its end for another item."""
        return self.reason_end == SKIPPED

    def to_json(self) -> dict[str, Any]:
        """As plain data; times as ISO text."""
        return asdict(self) | {"started_at": self.started_at.isoformat(), "ended_at": self.ended_at.isoformat()}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Heard:
        """The play that `to_json` gave."""
        return cls(**{**body, "started_at": _time(body["started_at"]), "ended_at": _time(body["ended_at"])})


@dataclass(frozen=True)
class Watching:
    """What is known after a look: its time, the last sighting of an item, and the play that has not ended.

    ended_at of that play is when it was last heard. quiet_looks counts the looks at a player that stands still as it
    is; it is 0 while something plays.
    """

    looked_at: datetime | None = None
    last: Sighting | None = None
    play: Heard | None = None
    quiet_looks: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain data; times as ISO text."""
        return {
            "looked_at": self.looked_at and self.looked_at.isoformat(),
            "last": self.last and asdict(self.last),
            "play": self.play and self.play.to_json(),
            "quiet_looks": self.quiet_looks,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Watching:
        """The state that `to_json` gave."""
        return cls(
            looked_at=_time(body["looked_at"]) if body["looked_at"] else None,
            last=Sighting(**body["last"]) if body["last"] else None,
            play=Heard.from_json(body["play"]) if body["play"] else None,
            quiet_looks=body["quiet_looks"],
        )


def sighted(state: Watching, at: datetime, sighting: Sighting | None) -> tuple[Watching, list[Heard]]:
    """The state after a look at a time (UTC), and the play that has ended by it, if one has and was heard at all.

    sighting is None where nothing plays, or what plays is no play (an advertisement).
    """
    gap = max(0, _milliseconds(at - state.looked_at)) if state.looked_at else 0
    if state.play is None or state.last is None:
        done, play = None, _begin(state, sighting, at, gap) if sighting else None
    elif sighting is None:
        done, play = _stop(state, state.play, state.last, gap), None
    elif sighting.item_uri != state.last.item_uri or _begins_again(state.play, state.last, sighting, gap):
        done = _leave(state, state.play, state.last, sighting, gap)
        play = replace(_begin(state, sighting, at, gap), reason_start=done.reason_end)
    else:
        heard = _advance(state.last, sighting, gap)
        silence = _milliseconds(at - state.play.ended_at) - heard
        if state.play.ms_played and silence > LONGEST_SILENCE_MS:
            done, play = state.play, _begin(state, sighting, at, gap)
        else:
            done, play = None, _go_on(state, state.play, state.last, sighting, at, heard)
    is_still = sighting == state.last if sighting else state.play is None
    quiet_looks = 0 if sighting and sighting.is_playing else 1 + is_still * state.quiet_looks
    return Watching(at, sighting or state.last, play, quiet_looks), [done] if done and done.ms_played else []


def next_wait_s(state: Watching, now: datetime) -> float:
    """Seconds until the next look: soon after the item should end, at most 30; longer and longer while it is quiet."""
    if state.looked_at is None:
        return 0.0
    if state.last is None or state.quiet_looks:
        return BACK_OFF_S[min(state.quiet_looks, len(BACK_OFF_S)) - 1]
    left_s = (state.last.left_ms - _milliseconds(now - state.looked_at)) / 1000
    return min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, left_s + 1))


def _begin(state: Watching, sighting: Sighting, at: datetime, gap: int) -> Heard:
    """The play of an item that was not being heard at the look before."""
    heard = _heard_since(state, sighting, gap)
    return Heard(
        item=sighting.item,
        started_at=at - timedelta(milliseconds=heard),
        ended_at=at,
        ms_played=heard,
        context_uri=sighting.context_uri,
        device_kind=sighting.device_kind,
        is_shuffle=sighting.is_shuffle,
        repeat=sighting.repeat,
        is_partial=sighting.progress_ms - heard > TOLERANCE_MS,
    )


def _heard_since(state: Watching, sighting: Sighting, gap: int) -> int:
    """What of an item's position was heard since the look before; of one that is resumed, from where it was left.

    What is paused when first seen counts only where something played before: players show what was on days ago.
    """
    if not sighting.is_playing and (state.play is None or state.quiet_looks):
        return 0
    left_at = state.last.progress_ms if state.last and state.last.item_uri == sighting.item_uri else 0
    heard = sighting.progress_ms - left_at
    return min(gap, heard if heard >= 0 else sighting.progress_ms)


def _advance(last: Sighting, sighting: Sighting, gap: int) -> int:
    """What was heard of one item between two looks."""
    advance = sighting.progress_ms - last.progress_ms
    if -TOLERANCE_MS <= advance <= gap + TOLERANCE_MS:
        return min(gap, max(0, advance))
    return gap if last.is_playing and sighting.is_playing and gap <= TRUSTED_GAP_MS else 0


def _begins_again(play: Heard, last: Sighting, sighting: Sighting, gap: int) -> bool:
    """Whether the same item has begun anew since the last look."""
    if sighting.progress_ms > min(last.progress_ms - TOLERANCE_MS, gap + TOLERANCE_MS):
        return False
    ran_out = last.is_playing and gap <= TRUSTED_GAP_MS and last.left_ms <= gap - sighting.progress_ms + TOLERANCE_MS
    return ran_out or max(last.progress_ms, play.ms_played) >= REPEAT_SHARE * last.duration_ms


def _leave(state: Watching, play: Heard, last: Sighting, following: Sighting, gap: int) -> Heard:
    """The play as it ended when another item, or the same one anew, began."""
    if gap > TRUSTED_GAP_MS:
        return play
    was_repeated = last.item_uri == following.item_uri
    until_next = gap - min(gap, following.progress_ms)
    heard = int(min(last.left_ms, until_next)) if last.is_playing else 0
    left_early = None if was_repeated else SKIPPED
    reason_end = DONE if last.left_ms - heard <= CROSSFADE_MS else left_early
    return replace(_heard_on(state, play, heard), reason_end=reason_end, was_repeated=was_repeated)


def _stop(state: Watching, play: Heard, last: Sighting, gap: int) -> Heard:
    """The play as it ended when nothing plays any more."""
    if last.is_playing and last.left_ms <= gap <= TRUSTED_GAP_MS:
        return replace(_heard_on(state, play, int(last.left_ms)), reason_end=DONE)
    return play


def _go_on(state: Watching, play: Heard, last: Sighting, sighting: Sighting, at: datetime, heard: int) -> Heard:
    """The play with what was heard since the look before."""
    was_heard = play.ms_played > 0 or last.is_playing
    resumed_at = at - timedelta(milliseconds=heard) if sighting.is_playing else (state.looked_at or at)
    play = replace(
        _heard_on(state, play, heard),
        started_at=play.started_at if was_heard else resumed_at,
        pause_count=play.pause_count + (last.is_playing and not sighting.is_playing),
    )
    return replace(play, ended_at=at) if sighting.is_playing else play


def _heard_on(state: Watching, play: Heard, heard: int) -> Heard:
    """The play with some milliseconds more, heard right after the look before."""
    if not heard or state.looked_at is None:
        return play
    return replace(play, ms_played=play.ms_played + heard, ended_at=state.looked_at + timedelta(milliseconds=heard))


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
