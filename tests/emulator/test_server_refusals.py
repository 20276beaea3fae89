"""What the Web API keeps from a development-mode app, and how it says so."""

import pytest


@pytest.mark.parametrize(
    "path",
    [
        "tracks/?ids=a,b", "artists/?ids=a", "albums?ids=a", "artists/a/top-tracks", "browse/new-releases",
        "browse/categories/pop/playlists", "markets", "users/demo", "users/demo/playlists", "playlists/a/tracks",
    ],
)  # fmt: skip
def test_endpoints_removed_from_development_mode_answer_forbidden(get, path):
    answer = get(path)
    assert (answer.status_code, answer.json()) == (403, {"error": {"status": 403, "message": "Forbidden"}})


def test_audio_features_are_refused_without_a_message_and_recommendations_are_gone(emulator, get, listening):
    refused = get("audio-features/?ids=a")
    assert (refused.status_code, refused.json()) == (403, {"error": {"status": 403}})
    assert get("recommendations").status_code == 404
    emulator.faults.audio_features_allowed = True
    first = listening.tracks.iloc[0]
    found, unknown = get(f"audio-features/?ids={first['track_id']},nobody").json()["audio_features"]
    assert len(found) == 18 and unknown is None
    assert (found["valence"], found["tempo"]) == (first["valence"], first["tempo"])
    missing = get("audio-features/nobody")
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "analysis not found")


def test_premium_and_registration_refusals_are_plain_text(emulator, get):
    emulator.faults.premium_required = True
    premium = get("me")
    emulator.faults.update({"premium_required": False, "user_not_registered": True})
    unregistered = get("me")
    assert (premium.status_code, len(premium.content)) == (403, 159)
    assert unregistered.status_code == 403 and unregistered.text.startswith("User not registered")
    assert not any("json" in one.headers["Content-Type"] for one in (premium, unregistered))


@pytest.mark.parametrize("path", ["tracks/x", "artists/x", "albums/x", "albums/x/tracks", "playlists/x", "me/nothing"])
def test_what_is_not_there_is_404_in_json(get, path):
    answer = get(path)
    assert answer.status_code == answer.json()["error"]["status"] == 404


def test_the_profile_shows_only_what_is_left_in_development_mode(get):
    assert not {"country", "email", "product", "followers", "explicit_content"} & set(get("me/").json())
