"""What can go wrong, and what public material leaves open: one switch each, all off unless set.

A share is between 0 (never) and 1 (always). Whether a request is hit depends on the seed and the number of the request
to its service alone; whether a play is hit, on the seed and the play alone. So the same requests meet the same faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

Share = Annotated[float, Field(ge=0.0, le=1.0)]

ReplyFault = Literal[
    "rate_limit",
    "rate_limit_long",
    "retry_after_empty",
    "retry_after_malformed",
    "server_errors",
    "truncated_bodies",
    "html_bodies",
    "empty_bodies",
    "slow_answers",
]
REPLY_FAULTS: tuple[ReplyFault, ...] = get_args(ReplyFault)
# A spoiled body would hide whether something was changed; `post_succeeds_with_504` is the switch for that.
GET_ONLY = frozenset({"truncated_bodies", "html_bodies", "empty_bodies"})


@dataclass
class Faults:
    """The switches. Any may be changed while the emulator runs."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    # Answers that stand in for the endpoint's, or spoil it: shares of the requests to `services`.
    rate_limit: Share = 0.0  # 429 with Retry-After: rate_limit_seconds
    rate_limit_seconds: int = 1
    rate_limit_long: Share = 0.0  # 429 with Retry-After: 48925
    retry_after_empty: Share = 0.0  # 429 with an empty Retry-After
    retry_after_malformed: Share = 0.0  # 429 with "1.5", "soon" or "-1"
    server_errors: Share = 0.0  # share of requests that begin a burst of 500, 502, 503 or 504
    burst_length: int = 3  # requests a burst lasts
    truncated_bodies: Share = 0.0  # 200 with half of the JSON
    html_bodies: Share = 0.0  # 200 with a web page
    empty_bodies: Share = 0.0  # 200 with nothing
    slow_answers: Share = 0.0  # the right answer after slow_seconds of real time
    slow_seconds: float = 2.0
    services: tuple[str, ...] = ("spotify", "reccobeats", "deezer")
    script: list[str] = field(default_factory=list)  # faults of the next requests by name, one each; "" is none

    # Recently played.
    late_plays: Share = 0.0  # share of plays that show up only up to late_minutes after their end
    late_minutes: float = 40.0
    out_of_order: Share = 0.0  # share of items that change places with their neighbour
    start_stamp_days: Share = 0.0  # share of UTC days whose plays carry their start as played_at, for ever
    duplicates: Share = 0.0  # share of items that come twice
    null_tracks: Share = 0.0  # items without a track besides the plays, as a share of them
    local_files: Share = 0.0  # the same for local files; in the player, that share of plays is shown as local files
    ads: Share = 0.0  # the same for advertisements; in the player, shown between plays
    episodes: Share = 0.0  # share of the listener's podcast episodes that are listed

    # Accounts.
    token_endpoint_down: bool = False  # 503 with a web page
    refresh_reply: Literal["absent", "null", "rotated", "no_scope"] = "absent"  # what a refresh answers
    granted_scopes: tuple[str, ...] | None = None  # the listener grants no more than these

    # Web API.
    daily_quota: int | None = None  # requests in 24 hours of the clock, then 429 QUOTA_EXCEEDED
    premium_required: bool = False  # 403 in plain text: the app's owner has no Premium
    user_not_registered: bool = False  # 403 in plain text: the listener is not on the app's list
    audio_features_allowed: bool = False  # serve audio-features, which development apps may not ask for
    artist_genres: bool = True  # artists carry genres
    playlist_entries: Literal["item", "track", "both"] = "item"  # the key of what an entry holds
    album_page: int = 50  # tracks that an album comes with; the others are on further pages
    post_succeeds_with_504: bool = False  # a POST does its work and answers 504

    # ReccoBeats and Deezer.
    reccobeats_drops_surplus: bool = False  # more than 40 ids: the rest is left out without a word
    deezer_quota: int | None = None  # requests in 5 seconds of real time, then error code 4

    @classmethod
    def awkward(cls) -> Self:
        """A bad but livable day: everything that a careful client gets over without losing a play."""
        return cls(
            rate_limit=0.03,
            retry_after_empty=0.005,
            retry_after_malformed=0.005,
            server_errors=0.02,
            truncated_bodies=0.02,
            html_bodies=0.01,
            empty_bodies=0.02,
            late_plays=0.15,
            out_of_order=0.2,
            start_stamp_days=0.15,
            duplicates=0.05,
            null_tracks=0.02,
            local_files=0.02,
            episodes=0.5,
        )

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Switches from words as a command line takes them: `awkward`, `ads` (on), `late_plays=0.3`.

        Raises ValueError for a name that is no fault, or a value of another kind.
        """
        words = list(words)
        faults = cls.awkward() if "awkward" in words else cls()
        for word in words:
            name, equals, value = word.partition("=")
            if word != "awkward":
                faults.update({name: _read(name, value if equals else None)})
        return faults

    def update(self, values: Mapping[str, Any]) -> None:
        """Set switches by name, all or none. Raises ValueError for an unknown name or a value of another kind."""
        unknown = ", ".join(set(values) - {one.name for one in fields(self)})
        if unknown:
            known = ", ".join(one.name for one in fields(self))
            raise ValueError(f"the emulator has no fault {unknown}; it has {known}")
        try:
            checked = TypeAdapter(Faults).validate_json(json.dumps({**asdict(self), **values}))
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            raise ValueError("; ".join(wrong)) from error
        for name in values:
            setattr(self, name, getattr(checked, name))

    def to_json(self) -> dict[str, Any]:
        """Every switch by name."""
        return asdict(self)

    def of_request(self, seed: int, service: str, method: str, number: int) -> ReplyFault | None:
        """The fault that meets a request, the number-th to its service."""
        if service not in self.services:
            return None
        if self.script:
            name = self.script.pop(0)
            return next((fault for fault in REPLY_FAULTS if fault == name), None)
        for fault in REPLY_FAULTS:
            lasts = self.burst_length if fault == "server_errors" else 1
            share = getattr(self, fault)
            if share and not (method != "GET" and fault in GET_ONLY):
                begins = (chance(seed, fault, service, number - back) for back in range(lasts))
                if any(luck < share for luck in begins):
                    return fault
        return None


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    return int.from_bytes(sha256(repr(parts).encode()).digest()[:7], "big") / 2**56


def _read(name: str, value: str | None) -> Any:
    """What a word of a command line sets a switch to: without a value, on (a share: always)."""
    default = getattr(Faults(), name, None)
    if value is None:
        return True if isinstance(default, bool) else 1.0
    if isinstance(default, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
