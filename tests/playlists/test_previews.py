"""Previews from a small lake: what each kind chooses by its definition, exclusions, bases, paths to another mood."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from config.errors import InputError
from config.settings import Settings
from models.playlists import FEATURES
from playlists.consents import consenting, record_consent
from playlists.listening import Listening
from playlists.previews import Preview, preview
from playlists.tracks import Length
from schemas.lake import Lake

from .conftest import DAY, NOW, Write, is_made_up, period

pytestmark = pytest.mark.usefixtures("small_lake")


@pytest.fixture
def ask(settings: Settings) -> Any:
    def of(kind: str, value: str = "", *, basis: str = "measured", tracks: int = 12, begin: str = "") -> Preview:
        return preview(Listening(settings, "ann", basis), kind, value, Length(tracks), begin)

    return of


@pytest.fixture
def truth(catalogue: pd.DataFrame) -> pd.DataFrame:
    rows = catalogue.head(360).reset_index(drop=True)
    return rows.assign(
        plays=[number % 17 + 1 if number < 300 else 0 for number in rows.index],
        made_up=[is_made_up(row) for row in rows.to_dict("records")],
    ).set_index("track_id")


@pytest.mark.parametrize("kind", ["mood", "forgotten", "discovery", "from-track", "path"])
def test_every_kind_gives_each_track_once_with_a_reason_and_two_an_artist_at_most(
    kind: str, ask: Any, catalogue: pd.DataFrame
) -> None:
    value = {"mood": "calm-dark", "from-track": catalogue["track_id"].iloc[1], "path": "calmer"}.get(kind, "")
    begin = catalogue["track_id"].iloc[first_loud(catalogue)] if kind == "path" else ""
    made = ask(kind, value, begin=begin)
    ids = [track.track_id for track in made.tracks]
    assert 3 <= len(ids) == len(set(ids)) <= 12
    assert max(Counter(" ".join(track.artist_name.lower().split()) for track in made.tracks).values()) <= 2
    assert all(len(track.reason.split()) >= 3 and track.reason == track.reason.strip() for track in made.tracks)
    assert ask(kind, value, begin=begin) == made
    assert not any(track.has_simulated_features for track in made.tracks)


def first_loud(catalogue: pd.DataFrame) -> int:
    loud = (catalogue["energy"] > 0.75) & ~pd.Series([is_made_up(row) for row in catalogue.to_dict("records")])
    return int(np.flatnonzero(loud.head(300))[0])


def test_a_mood_is_of_its_cluster_alone_and_found_by_number_name_or_a_part_of_it(ask: Any, truth: pd.DataFrame) -> None:
    made = ask("mood", "1")
    assert {truth.loc[track.track_id, "mood_group"] for track in made.tracks} == {"calm-bright"}
    assert ask("mood", "CALM-bright") == made
    with pytest.raises(InputError, match="1 calm-bright; 2 calm-dark"):
        ask("mood", "calm")
    with pytest.raises(InputError, match=r"No mood is called 'sad'.*3 energetic-bright"):
        ask("mood", "sad")


def test_forgotten_tracks_were_played_five_times_and_not_for_half_a_year(ask: Any, truth: pd.DataFrame) -> None:
    made = ask("forgotten", tracks=100)
    places = {track_id: place for place, track_id in enumerate(truth.index)}
    for track in made.tracks:
        last = DAY - timedelta(days=places[track.track_id])
        assert truth.loc[track.track_id, "plays"] >= 5
        assert last <= DAY - timedelta(days=180)
        assert f"played {truth.loc[track.track_id, 'plays']} times until {last}" in track.reason


def test_discoveries_were_never_played_in_any_edition(ask: Any, truth: pd.DataFrame) -> None:
    made = ask("discovery", tracks=60)
    found = {track.track_id for track in made.tracks}
    edition_of_the_first = truth.index[359]
    assert found <= set(truth.index[300:359])
    assert len(found) > 20
    assert edition_of_the_first not in found
    assert all("new to you; close in sound to" in track.reason for track in made.tracks)


def test_from_track_begins_with_it_and_goes_on_with_the_nearest(ask: Any, truth: pd.DataFrame) -> None:
    known = truth[(truth["plays"] > 0) & ~truth["made_up"]]
    seed = known.index[5]
    made = ask("from-track", f"https://open.spotify.com/track/{seed}?si=x", tracks=6)
    assert made.tracks[0].track_id == seed
    # The nearest, computed from the definition: six features, each by its robust spread over the own tracks.
    values = known[list(FEATURES)].to_numpy(float)
    spread = 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)
    apart = np.sqrt((((values - values[5]) / spread) ** 2).sum(axis=1))
    nearest = known.assign(apart=apart).sort_values("apart").head(40)
    capped = nearest[nearest.groupby("artist_name").cumcount() < 2].head(6)
    assert {track.track_id for track in made.tracks} == set(capped.index)
    title = f"{truth.loc[seed, 'track_name']} - {truth.loc[seed, 'artist_name']}".upper()
    assert ask("from-track", title, tracks=6).tracks[0].track_name == truth.loc[seed, "track_name"]


def test_made_up_features_are_marked_on_basis_all_and_absent_on_measured(ask: Any, truth: pd.DataFrame) -> None:
    made_up = set(truth.index[truth["made_up"]])
    on_all = ask("mood", "calm-dark", basis="all", tracks=60)
    marked = {track.track_id for track in on_all.tracks if track.has_simulated_features}
    assert marked == {track.track_id for track in on_all.tracks} & made_up != set()
    forgotten = ask("forgotten", tracks=100)
    without = [track for track in forgotten.tracks if track.track_id in made_up]
    assert without
    assert all((track.energy, track.tempo, track.feature_source) == (None, None, None) for track in without)
    assert forgotten.tracks[-len(without) :] == tuple(without)


def test_an_artist_that_a_rule_excludes_is_on_no_playlist(ask: Any, settings: Settings) -> None:
    artist = ask("mood", "calm-dark").tracks[0].artist_name
    folder = settings.rules_folder
    assert folder
    folder.mkdir(parents=True, exist_ok=True)
    text = artist.replace("\\", "\\\\").replace('"', '\\"')
    (folder / "exclusions.toml").write_text(f'[[exclude]]\nname = "no"\nartist = "{text}"\n', encoding="utf-8")
    for kind, value in (("mood", "calm-dark"), ("forgotten", ""), ("discovery", "")):
        assert artist not in {track.artist_name for track in ask(kind, value, tracks=100).tracks}


def test_the_order_is_smoother_than_the_choice(ask: Any) -> None:
    steps = dict(ask("forgotten", tracks=40).mean_step)
    assert steps["tempo"] < 0.5 * steps["tempo_as_chosen"]


@pytest.mark.parametrize(("target", "axis", "sign"), [("calmer", "energy", -1), ("more energy", "energy", 1),
                                                      ("brighter", "valence", 1)])  # fmt: skip
def test_a_path_goes_one_way_from_the_track_to_the_target(
    target: str, axis: str, sign: int, ask: Any, truth: pd.DataFrame
) -> None:
    known = truth[(truth["plays"] > 0) & ~truth["made_up"]]
    begin = known[axis].idxmin() if sign > 0 else known[axis].idxmax()
    made = ask("path", target, begin=begin, tracks=10)
    values = [getattr(track, axis) for track in made.tracks]
    assert made.tracks[0].track_id == begin
    assert len(values) == 10
    assert all(sign * (after - before) >= 0 for before, after in pairwise(values[1:]))
    goal = known[axis].quantile(0.9 if sign > 0 else 0.1)
    assert values[-1] == pytest.approx(goal, abs=0.08)
    assert "promises nothing" in " ".join(made.notes)


def test_a_path_says_when_too_little_is_measured(ask: Any, truth: pd.DataFrame, write: Write) -> None:
    made_up = truth.index[truth["made_up"] & (truth["plays"] > 0)][0]
    with pytest.raises(InputError, match="has no measured audio features"):
        ask("path", "calmer", begin=made_up)
    with pytest.raises(InputError, match="There are calmer, brighter, more-energy"):
        ask("path", "happier")
    play = {"user_id": "ann", "is_simulated": True, "played_at": NOW, "play_id": "p", "session_id": "s",
            "track_id": made_up, "listened_ms": 200_000, "played_month": "2026-10"}  # fmt: skip
    write("listening_with_features", play)
    with pytest.raises(InputError, match="Only 0 % of the last session has measured audio features; 60% is needed"):
        ask("path", "calmer")


def test_a_path_from_the_last_session_starts_at_its_mean_weighted_by_time(
    ask: Any, truth: pd.DataFrame, write: Write
) -> None:
    known = truth[(truth["plays"] > 0) & ~truth["made_up"]].sort_values("energy")
    loud, louder = known.index[-1], known.index[-2]
    same = {"user_id": "ann", "is_simulated": True, "session_id": "s", "played_month": "2026-10"}
    old = {**same, "session_id": "older", "played_at": NOW - timedelta(days=1), "play_id": "a"}
    write(
        "listening_with_features",
        {**old, "track_id": known.index[0], "listened_ms": 900_000},
        {**same, "played_at": NOW - timedelta(minutes=4), "play_id": "b", "track_id": loud, "listened_ms": 300_000},
        {**same, "played_at": NOW, "play_id": "c", "track_id": louder, "listened_ms": 100_000},
    )
    mean = 0.75 * known.loc[loud, "energy"] + 0.25 * known.loc[louder, "energy"]
    assert f"(energy {mean:.2f}) to energy {known['energy'].quantile(0.1):.2f}" in ask("path", "calmer").notes[0]


def test_a_blend_needs_the_consent_of_both_and_ends_with_it(
    ask: Any, lake: Lake, write: Write, catalogue: pd.DataFrame
) -> None:
    rows = catalogue.to_dict("records")
    write("track_periods", *(period(rows[number], number, "ben") for number in range(250, 350)))
    with pytest.raises(InputError, match="ann and ben did not agree"):
        ask("blend", "ben")
    record_consent(lake, "ann", is_given=True)
    with pytest.raises(InputError, match=r"^ben did not agree"):
        ask("blend", "ben")
    record_consent(lake, "ben", is_given=True)
    assert consenting(lake) == {"ann", "ben"}
    made = ask("blend", "ben", tracks=30)
    both = {rows[number]["track_id"] for number in range(250, 300)}
    for track in made.tracks:
        assert (track.track_id in both) == track.reason.startswith("you both play it")
    assert sum(track.track_id in both for track in made.tracks) >= 10
    assert {"ann plays it", "ben plays it"} <= {track.reason[:12] for track in made.tracks}
    record_consent(lake, "ben", is_given=False)
    with pytest.raises(InputError, match=r"^ben did not agree"):
        ask("blend", "ben")


@pytest.mark.parametrize(("kind", "value", "message"), [
    ("persona", "1", "The table session_personas holds nothing of ann yet. Run `lakesong build`."),
    ("part-of-day", "noon", "There are night, morning, afternoon, evening, late."),
    ("part-of-day", "morning", "The table listening_with_features holds nothing"),
    ("polka", "", "There is no kind of playlist called 'polka'. There are mood, persona"),
    ("from-track", "", "The kind from-track needs a value"),
    ("from-track", "No such song", "No track that you played is called"),
])  # fmt: skip
def test_what_cannot_be_made_says_the_next_step(kind: str, value: str, message: str, ask: Any) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(").replace(".", r"\.")):
        ask(kind, value)


def test_a_listener_or_basis_that_there_is_not_is_refused(settings: Settings) -> None:
    with pytest.raises(InputError, match=r"There is no listener zoe\. There are ann, ben"):
        Listening(settings, "zoe")
    with pytest.raises(InputError, match="measured or all"):
        Listening(settings, "ann", "guessed")
