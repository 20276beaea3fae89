"""An invented music catalogue with four planted mood groups, and what a listener likes in it.

Every artist, album and title is made from the word lists below. A few are awkward on purpose (commas, quotes, accents,
CJK, right-to-left scripts, emoji, very long titles), because real catalogues are.
"""

import hashlib
from datetime import date
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import PCG64, Generator, SeedSequence

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]

MOOD_GROUPS = ("energetic-bright", "energetic-dark", "calm-bright", "calm-dark")
CLUSTER_FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
MINIMUM_TRACKS = 40

# Genre -> number of the mood group most of its tracks belong to.
GENRES: dict[str, int] = {
    "pop": 0, "dance": 0, "disco": 0, "funk": 0, "ska": 0,
    "techno": 1, "metal": 1, "drum-and-bass": 1, "industrial": 1, "punk-rock": 1,
    "folk": 2, "bossanova": 2, "soul": 2, "reggae": 2,
    "ambient": 3, "piano": 3, "trip-hop": 3, "sleep": 3,
}  # fmt: skip

# One row a mood group, one column a member of CLUSTER_FEATURES; spreads below are within a group.
GROUP_MEANS = np.array([
    [0.75, 0.82, 0.74, 0.12, 0.06, 124.0],
    [0.25, 0.80, 0.52, 0.10, 0.38, 142.0],
    [0.68, 0.30, 0.60, 0.68, 0.12, 98.0],
    [0.22, 0.25, 0.33, 0.76, 0.70, 76.0],
])  # fmt: skip
GROUP_SPREADS = np.array([0.07, 0.07, 0.07, 0.07, 0.07, 7.0])

AWKWARD_ARTISTS = (
    "Quill, Moth & Daughters", 'The "Borrowed" Ladder', "Zoë Ångermarkén", "Señor Ñandubay",
    "D'Arvelle & O'Fennimoor", "夜行灯台クラブ", "雨宿り図書係", "달빛우체통협회", "纸鲸邮局", "אגודת פנסי הגג",
    "جوقة قمر الزقاق", "🦊 Foxglasse", "Tēvstūris Ūdenskāja", "Лужа и Фонарь №5", "BRÆKVAND/ØST", "N=1",
    "Null Islanders", "Halfspace  Trio",
    "The Exceptionally Long Waiting Room Chamber Society for Unfinished Letters, Lost Umbrellas & Quiet Afternoons",
)  # fmt: skip
AWKWARD_TITLES = (
    "Salt, Smoke, and Sundries", 'She Said "Not Yet"', "Été à l'étage", "Überfällige Grüße", "深夜二時の自転車",
    "비 오는 옥상", "迷路的灯塔", "רחוב של פנסים", "مطر على السطح", "🌧️ Drizzle Dance 🌧️", "100% / 50%",
    "<untitled & unsent>", "Back\\slash", "nan", "Tab\tStop", "Part I; Part II",
    "A Very Long Title About a Slow Train, a Forgotten Sandwich, Two Umbrellas and a Conductor Who Waved Twice",
)  # fmt: skip
DESCRIPTIONS = (
    "Brindle", "Copperish", "Paper", "Tidewater", "Mothlit", "Sallow", "Quarterly", "Inkstained", "Northerly",
    "Hollowed", "Saffron", "Wintering", "Unposted", "Clockwork", "Marzipan", "Drowsy", "Galvanised", "Fennel",
    "Overgrown", "Lopsided",
)  # fmt: skip
THINGS = (
    "Barometers", "Lanternfish", "Thimbles", "Almanacs", "Tollkeepers", "Cartographs", "Ferrymoths", "Sundials",
    "Pantries", "Haymakers", "Postmarks", "Weathervanes", "Kettledrones", "Gantries", "Inkwells", "Bramblers",
    "Stairwells", "Teaspoons",
)  # fmt: skip
SYLLABLES = ("ma", "ro", "tel", "vik", "su", "nor", "ei", "lin", "bra", "dov", "ka", "pel", "ost", "ary", "wen", "ji")
MOMENTS = (
    "Harbour", "Orbit", "Window", "Signal", "Garden", "Platform", "Ember", "Staircase", "Meridian", "Puddle",
    "Antenna", "Orchard", "Elevator", "Lighthouse", "Bicycle", "Echo", "Postcard", "Thunder", "Balcony", "Compass",
    "Velvet", "Static",
)  # fmt: skip
TITLE_FORMS = (
    "{0} {1}", "{1} in the {2}", "Last {1} Before {2}", "{1} & {2}", "No {1} Tonight", "{0}", "Leaving the {1}",
    "{1} (for {3})",
)  # fmt: skip


def base62_id(text: str) -> str:
    """A 22-character base-62 id (128 bits, as Spotify's are) that depends on nothing but the text."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    digits = []
    for _ in range(22):
        number, digit = divmod(number, 62)
        digits.append(alphabet[digit])
    return "".join(reversed(digits))


def build_tracks(seed: int, count: int, last_year: int, label: str = "track") -> pd.DataFrame:
    """The catalogue of one seed: one row a track, ordered by artist and album.

    `label` separates catalogues of the same seed: other ids, other music. Durations are milliseconds, loudness dB,
    tempo beats a minute, the remaining features 0..1 as in Spotify's audio features.
    Raises ValueError for fewer than 40 tracks, which cannot hold all mood groups.
    """
    if count < MINIMUM_TRACKS:
        raise ValueError(f"a catalogue needs at least {MINIMUM_TRACKS} tracks, got {count}: raise track_count")
    salt = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "big")
    rng = Generator(PCG64(SeedSequence([seed, salt])))
    names = _artist_names(rng, max(20, count // 8))
    artist = _artist_of_each_track(rng, count, len(names))
    genre_names = np.array(list(GENRES), dtype=object)
    genre = rng.permutation(np.arange(len(names)) % len(genre_names))[artist]
    group = _mood_groups(rng, genre)
    albums, years = _albums(rng, artist, last_year)
    tracks = pd.DataFrame(
        {
            "track_id": [base62_id(f"{seed}:{label}:{number}") for number in range(count)],
            "track_name": _titles(rng, artist),
            "artist_name": names[artist],
            "artists": _credits(rng, names, artist),
            "album_name": albums,
            "release_year": years,
            "duration_ms": np.clip(rng.lognormal(np.log(208_000), 0.25, count), 61_000, 720_000).astype(np.int64),
            "explicit": rng.random(count) < 0.12,
            "popularity": _popularity(rng, artist, len(names)),
            "genre": genre_names[genre],
            "mood_group": np.array(MOOD_GROUPS, dtype=object)[group],
        }
    )
    features = _features(rng, group)
    return pd.concat([tracks, features], axis="columns")


def _artist_names(rng: Generator, count: int) -> Objects:
    bands = [f"{description} {thing}" for description in DESCRIPTIONS for thing in THINGS]
    bands = [bands[i] for i in rng.permutation(len(bands))[: count // 2]]
    names = dict.fromkeys([*AWKWARD_ARTISTS, *bands])
    while len(names) < count:
        names.setdefault(f"{_word(rng, 2)} {_word(rng, 3)}")
    return np.array([list(names)[i] for i in rng.permutation(count)], dtype=object)


def _word(rng: Generator, syllables: int) -> str:
    return "".join(SYLLABLES[i] for i in rng.integers(0, len(SYLLABLES), syllables)).capitalize()


def _artist_of_each_track(rng: Generator, count: int, artists: int) -> Ints:
    """Every artist has a track; what is left goes to a productive minority."""
    weight = 1.0 / (np.arange(artists) + 5.0) ** 0.6
    more = rng.choice(artists, count - artists, p=weight / weight.sum())
    return np.sort(np.concatenate([np.arange(artists), more])).astype(np.int64)


def _mood_groups(rng: Generator, genre: Ints) -> Ints:
    own = np.array(list(GENRES.values()))[genre]
    group = np.where(rng.random(len(genre)) < 0.6, own, rng.integers(0, 4, len(genre)))
    group[:4] = range(4)
    return group.astype(np.int64)


def _number_within(group: Ints) -> Ints:
    """0, 1, 2 ... within each run of a sorted array."""
    return np.arange(len(group)) - np.searchsorted(group, group)


def _albums(rng: Generator, artist: Ints, last_year: int) -> tuple[Objects, Ints]:
    """Album name and release year of each track; albums hold eight tracks and come out a few years apart."""
    album = artist * 1000 + _number_within(artist) // 8
    codes, first, inverse = np.unique(album, return_index=True, return_inverse=True)
    picks = rng.integers(0, [len(DESCRIPTIONS), len(MOMENTS), len(MOMENTS)], (len(codes), 3))
    names = [f"{DESCRIPTIONS[a]} {MOMENTS[b]}" if a % 3 else f"{MOMENTS[b]} / {MOMENTS[c]}" for a, b, c in picks]
    debut = last_year - np.floor(rng.exponential(11.0, artist.max() + 1)).astype(np.int64)
    years = np.clip(debut[artist[first]] + 3 * (codes % 1000), last_year - 58, last_year)
    return np.array(names, dtype=object)[inverse], years[inverse]


def _titles(rng: Generator, artist: Ints) -> list[str]:
    count = len(artist)
    sizes = [len(TITLE_FORMS), len(DESCRIPTIONS), len(MOMENTS), len(MOMENTS)]
    titles = [
        TITLE_FORMS[form].format(f"{DESCRIPTIONS[a]} {MOMENTS[c]}", MOMENTS[b], MOMENTS[c], SYLLABLES[b % 16].title())
        for form, a, b, c in rng.integers(0, sizes, (count, 4))
    ]
    places = rng.permutation(count)
    for place, title in zip(places, AWKWARD_TITLES, strict=False):
        titles[place] = title
    # The same song under two ids, as single and album versions are.
    for place in places[len(AWKWARD_TITLES) : len(AWKWARD_TITLES) + count // 80]:
        if place and artist[place] == artist[place - 1]:
            titles[place] = titles[place - 1]
    return titles


def _credits(rng: Generator, names: Objects, artist: Ints) -> list[str]:
    has_guest = rng.random(len(artist)) < 0.12
    guests = rng.integers(0, len(names), len(artist))
    return [
        f"{names[own]};{names[guest]}" if with_guest and guest != own else str(names[own])
        for own, guest, with_guest in zip(artist, guests, has_guest, strict=True)
    ]


def _popularity(rng: Generator, artist: Ints, artists: int) -> Ints:
    fame = rng.beta(1.6, 2.6, artists) * 90
    return np.clip(fame[artist] + rng.normal(0, 8, len(artist)), 0, 100).astype(np.int64)


def _features(rng: Generator, group: Ints) -> pd.DataFrame:
    count = len(group)
    drawn = GROUP_MEANS[group] + rng.normal(size=(count, 6)) * GROUP_SPREADS
    measured = dict(zip(CLUSTER_FEATURES, drawn.T, strict=True))
    for name in CLUSTER_FEATURES[:5]:
        measured[name] = np.clip(measured[name], 0.0, 0.985).round(3)
    sung = measured["instrumentalness"] < 0.03
    traces = rng.uniform(1e-7, 9e-5, count).round(8)
    columns: dict[str, Floats | Ints] = {
        "danceability": measured["danceability"],
        "energy": measured["energy"],
        "key": rng.integers(0, 12, count),
        "loudness": (-19.0 + 15.0 * measured["energy"] + rng.normal(0, 1.3, count)).round(3),
        "mode": (rng.random(count) < 0.35 + 0.5 * measured["valence"]).astype(np.int64),
        "speechiness": np.clip(rng.beta(1.5, 18.0, count), 0.022, 0.965).round(4),
        "acousticness": measured["acousticness"],
        "instrumentalness": np.where(sung, traces, measured["instrumentalness"]),
        "liveness": np.clip(rng.beta(2.0, 9.0, count), 0.01, 0.99).round(4),
        "valence": measured["valence"],
        "tempo": np.clip(measured["tempo"], 45.0, 220.0).round(3),
        "time_signature": rng.choice([4, 3, 5, 1], count, p=[0.9, 0.07, 0.02, 0.01]),
    }
    return pd.DataFrame(columns)


def spoken_names(kind: Objects) -> pd.DataFrame:
    """Shows with numbered episodes, and audiobooks heard chapter by chapter, in two sittings each."""
    names = {name: np.full(len(kind), None, object) for name in
             ("show_name", "episode_name", "audiobook_title", "audiobook_chapter_title")}  # fmt: skip
    for number, row in enumerate(np.flatnonzero(kind == "episode")):
        show = number * number % 7
        names["show_name"][row] = f"The {DESCRIPTIONS[show]} {MOMENTS[show]} Hour"
        names["episode_name"][row] = f"#{number // 7 + 1}: {THINGS[number % 18]}, {MOMENTS[number % 22]} & You"
    for number, row in enumerate(np.flatnonzero(kind == "audiobook")):
        book = number // 48
        names["audiobook_title"][row] = f"The {MOMENTS[book % 22]} of {THINGS[book % 18]}"
        names["audiobook_chapter_title"][row] = f"Chapter {number % 48 // 2 + 1}"
    return pd.DataFrame(names)


def _artist_weights(rng: Generator, weeks: int, artists: int) -> Floats:
    """How much the listener likes each artist in each week, shape (weeks, artists); 0 before the first hearing.

    Zipf fame, a slowly drifting taste, a burst after discovery; a quarter of the artists are old favourites that fall
    silent for 27-45 weeks and come back with another burst (in simulations of more than a year).
    """
    rank = rng.permutation(artists)
    is_known = (rng.random(artists) < 0.35) | (rank % 4 == 1)
    found = np.where(is_known, -60, rng.integers(0, weeks, artists))
    week = np.arange(weeks)[:, None]
    drift = np.empty((weeks, artists))
    state = rng.normal(0.0, 0.8, artists)
    for number in range(weeks):
        state = 0.97 * state + rng.normal(0.0, 0.2, artists)
        drift[number] = state
    age = np.maximum(week - found, 0)
    weight = np.exp(drift) / (rank + 8.0) * (1.0 + 7.0 * np.exp(-age / 3.0)) * (week >= found)
    if weeks >= 54:
        leaves = rng.integers(4, max(6, weeks - 47), artists)
        returns = leaves + rng.integers(27, 46, artists)
        is_fickle = rank % 4 == 1
        weight *= ~(is_fickle & (week >= leaves) & (week < returns))
        weight *= 1.0 + 5.0 * np.exp(-np.maximum(week - returns, 0) / 3.0) * (is_fickle & (week >= returns))
    return cast(Floats, weight)


def choose_tracks(rng: Generator, tracks: pd.DataFrame, first: date, week: Ints, mood: Ints) -> Ints:
    """Row number in `tracks` of each play, drawn from the week's favourites among the tracks of the play's mood.

    `week` counts from the local day `first`, `mood` is a number in MOOD_GROUPS; both have one element a play.
    """
    weeks = int(week.max(initial=0)) + 1
    artist, artist_names = pd.factorize(tracks["artist_name"])
    by_artist = _artist_weights(rng, weeks, len(artist_names))
    lasting = pd.Series(rng.random(len(tracks))).groupby(artist).rank().to_numpy(float) ** -0.7
    released = (tracks["release_year"].to_numpy() - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    released_week = (released - np.datetime64(first, "D")).astype(np.int64) // 7
    members = [np.flatnonzero(tracks["mood_group"] == name) for name in MOOD_GROUPS]
    order = np.argsort(week * 4 + mood, kind="stable")
    bounds = np.searchsorted((week * 4 + mood)[order], np.arange(weeks * 4 + 1))
    luck = rng.random(len(week))
    chosen = np.zeros(len(week), np.int64)
    for number in range(weeks):
        weight = by_artist[number][artist] * lasting * (released_week < number)
        for group, candidates in enumerate(members):
            rows = order[bounds[number * 4 + group] : bounds[number * 4 + group + 1]]
            total = np.cumsum(weight[candidates])
            if total[-1] == 0.0:  # a tiny catalogue may have nothing known and out yet
                total = np.cumsum(lasting[candidates])
            hit = np.searchsorted(total, luck[rows] * total[-1], side="right")
            chosen[rows] = candidates[np.minimum(hit, len(candidates) - 1)]
    return chosen
