"""Where the music's valence and energy lie, whether valence follows the clock, and how energy carries over days.

These are descriptions of the music that was played: about listening habits, never a diagnosis.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, fdtri

from .bootstrap import NONE, day_weights, ratio_row, student
from .history import Floats, History
from .rows import INDICATORS, Indicator, Row, Window, shown, too_few, withheld
from .sessions import Sessions

FEATURE_SHARE = 0.6
ENOUGH_DAYS = 10
ENOUGH_PAIRS = 30
SINGULAR = 1e-9
HOUR_ANGLE = 2 * np.pi / 24
OUTLINE = np.linspace(0, 2 * np.pi, 361)
ONE_TIME_OF_DAY = "The sessions lie at too few times of day to tell a daily rhythm."
NO_RHYTHM = "No daily rhythm of valence can be told from chance in this window (p is not below 0.05)."
FEW_DAYS = f"The sessions fall on fewer than {ENOUGH_DAYS} days, too few to tell a daily rhythm."
FEW_PAIRS = f"Fewer than {ENOUGH_PAIRS} pairs of neighbouring days both have a mean energy."


def centres(history: History) -> list[Row]:
    """Time-weighted mean valence and energy of counted plays, from 10 days and 60 % of the time with features on."""
    starts = history.starts
    listened = history.daily(starts.counted, starts.listened_ms)
    rows = []
    for name, feature in (("valence_centre", starts.valence), ("energy_centre", starts.energy)):
        indicator = INDICATORS[name]
        known = starts.counted & np.isfinite(feature) & (starts.listened_ms > 0)
        time = history.daily(known, starts.listened_ms)
        moment = history.daily(known, starts.listened_ms * np.where(known, feature, 0.0))
        for window in history.windows(indicator):
            span = history.span(window)
            rows.append(_centre(indicator, window, moment[span], time[span], float(listened[span].sum())))
    return rows


def _centre(indicator: Indicator, window: Window, moment: Floats, time: Floats, listened: float) -> Row:
    days = int((time > 0).sum())
    if days < indicator.least_sample:
        return too_few(indicator, window, days)
    share = time.sum() / listened
    if share < FEATURE_SHARE:
        reason = f"Features are known for {share:.0%} of the listened time; {FEATURE_SHARE:.0%} is needed."
        return withheld(indicator, window, days, reason)
    return ratio_row(indicator, window, days, moment, time, "No listening in this window.")


@dataclass(frozen=True)
class DailySums:
    """What ordinary least squares needs from each day: number of sessions, X'X (3x3) and X'y (3) of its sessions."""

    count: Floats
    xx: Floats
    xy: Floats

    def chosen(self, days: slice) -> "DailySums":
        """The days of a slice that have a session."""
        used = self.count[days] > 0
        return DailySums(self.count[days][used], self.xx[days][used], self.xy[days][used])


def diurnal_rhythm(history: History, sessions: Sessions) -> list[Row]:
    """Amplitude and phase of V(t) = M + A cos(2 pi (t - phi) / 24) over session means, t a session's middle hour.

    Single-component cosinor, Cornelissen 2014 (doi 10.1186/1742-4682-11-16). Shown when the Wald F test of both
    coefficients, covariance clustered by local day, has p < 0.05; see `wald_p`. The phase's interval is not
    taken modulo 24: low <= value <= high, and low may lie below 0, high above 24.
    """
    sums = _daily_sums(history, sessions)
    rows = []
    for window in history.windows(INDICATORS["diurnal_amplitude"]):
        rows += _fit(window, sums.chosen(history.span(window)))
    return rows


def _daily_sums(history: History, sessions: Sessions) -> DailySums:
    known = sessions.chosen(np.isfinite(sessions.valence))
    angle = known.middle_hour * HOUR_ANGLE
    design = np.column_stack([np.ones(len(angle)), np.cos(angle), np.sin(angle)])

    def by_day(values: Floats) -> Floats:
        return np.bincount(known.day, values, history.day_count).astype(float)

    xx = np.array([[by_day(design[:, i] * design[:, j]) for j in range(3)] for i in range(3)])
    xy = np.array([by_day(design[:, i] * known.valence) for i in range(3)])
    count = np.bincount(known.day, minlength=history.day_count).astype(float)
    return DailySums(count, xx.transpose(2, 0, 1), xy.T)


def _fit(window: Window, days: DailySums) -> list[Row]:
    amplitude, phase = INDICATORS["diurnal_amplitude"], INDICATORS["diurnal_phase_hours"]
    sample, clusters = float(days.count.sum()), len(days.count)
    if sample < amplitude.least_sample:
        return [too_few(indicator, window, sample) for indicator in (amplitude, phase)]
    gram = days.xx.sum(axis=0)
    reason = FEW_DAYS if clusters < ENOUGH_DAYS else ONE_TIME_OF_DAY if np.linalg.cond(gram) > 1e6 else None
    if reason is None:
        beta = np.linalg.solve(gram, days.xy.sum(axis=0))
        reason = None if wald_p(days, gram, beta) < 0.05 else NO_RHYTHM
    if reason is not None:
        return [withheld(indicator, window, sample, reason) for indicator in (amplitude, phase)]
    size, hour = float(np.hypot(beta[1], beta[2])), float(np.arctan2(beta[2], beta[1]) / HOUR_ANGLE % 24)
    size_limits, hour_limits = _limits(window, days, beta[1:], hour)
    return [
        shown(amplitude, window, sample, size, size_limits),
        shown(phase, window, sample, hour, hour_limits),
    ]


def wald_p(days: DailySums, gram: Floats, beta: Floats) -> float:
    """The p value of "both coefficients are zero", with covariance clustered by day.

    The covariance is the jackknife over days (CR3; MacKinnon, Nielsen and Webb 2023, arXiv:2301.04527), the
    distribution Hotelling's: T-squared / 2 times (days - 2) / (days - 1) is F(2, days - 2). With the plain sandwich
    (CR1) and F(2, days - 1), 6 to 8 % of listeners without a rhythm were given one, with this 5 to 6.5 %. Without
    one of the days the sessions may lie at a single time; then nothing can be told, and p is 1.
    """
    clusters, size = len(days.count), np.hypot(beta[1], beta[2])
    without = gram - days.xx
    if size < 1e-9 or (np.linalg.det(without) < SINGULAR * (days.count.sum() - days.count) ** 3).any():
        return 1.0
    moved = np.linalg.solve(without, (days.xx @ beta - days.xy)[:, :, None])[:, 1:, 0]
    covariance = (clusters - 1) / clusters * moved.T @ moved
    if np.linalg.det(covariance) <= 1e-30:
        return 0.0
    statistic = beta[1:] @ np.linalg.solve(covariance, beta[1:]) / 2
    return float(fdtrc(2, clusters - 2, statistic * (clusters - 2) / (clusters - 1)))


def _limits(
    window: Window, days: DailySums, beta: Floats, hour: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of amplitude and phase that hold together: the shadows of the joint 95 % ellipse of both coefficients.

    The ellipse has the covariance of the coefficients over resampled days and Hotelling's T-squared radius. When it
    holds the origin, amplitude reaches down to 0 and phase may be any hour.
    """
    clusters = len(days.count)
    weights = day_weights("diurnal_amplitude", window, clusters)
    grams = (weights @ days.xx.reshape(clusters, 9)).reshape(-1, 3, 3)
    sound = np.linalg.det(grams) > SINGULAR * (weights @ days.count) ** 3
    if sound.sum() < len(weights) // 2:
        return NONE, NONE
    resampled = np.linalg.solve(grams[sound], (weights[sound] @ days.xy)[:, :, None])[:, 1:, 0]
    covariance = np.cov(resampled.T) * clusters / (clusters - 1) + 1e-24 * np.eye(2)
    radius = 2 * (clusters - 1) / (clusters - 2) * fdtri(2, clusters - 2, 0.95)
    edge = beta[:, None] + np.sqrt(radius) * np.linalg.cholesky(covariance) @ [np.cos(OUTLINE), np.sin(OUTLINE)]
    sizes = np.hypot(edge[0], edge[1])
    if beta @ np.linalg.solve(covariance, beta) <= radius:
        return (0.0, float(sizes.max())), (hour - 12, hour + 12)
    turned = (np.arctan2(edge[1], edge[0]) / HOUR_ANGLE - hour + 12) % 24 - 12
    return (float(sizes.min()), float(sizes.max())), (hour + float(turned.min()), hour + float(turned.max()))


def energy_inertia(history: History) -> list[Row]:
    """Lag-1 autocorrelation of daily mean energy over 26 weeks, over the pairs of neighbouring covered days.

    Mean product of neighbours' deviations by mean squared deviation; the interval is the large-sample one of a
    first-order process, sqrt((1 - r^2) / pairs), since resampling single days would break the very link it measures.
    """
    starts, indicator = history.starts, INDICATORS["energy_inertia"]
    known = starts.counted & np.isfinite(starts.energy)
    time = history.daily(known, starts.listened_ms)
    moment = history.daily(known, starts.listened_ms * np.where(known, starts.energy, 0.0))
    usable = history.covered & (time > 0)
    mean = np.divide(moment, time, out=np.full(len(time), np.nan), where=usable)
    spans = [(window, mean[history.span(window)]) for window in history.windows(indicator)]
    return [_inertia(indicator, window, energy) for window, energy in spans]


def _inertia(indicator: Indicator, window: Window, energy: Floats) -> Row:
    known = np.isfinite(energy)
    sample = int(known.sum())
    if sample < indicator.least_sample:
        return too_few(indicator, window, sample)
    deviation = np.where(known, energy - energy[known].mean(), 0.0)
    pairs = int((known[1:] & known[:-1]).sum())
    spread = float((deviation**2).sum() / sample)
    if pairs < ENOUGH_PAIRS or spread < 1e-18:
        return withheld(indicator, window, sample, FEW_PAIRS if pairs < ENOUGH_PAIRS else "Daily energy never varies.")
    value = float((deviation[1:] * deviation[:-1]).sum() / pairs / spread)
    width = student(pairs) * np.sqrt(max(1 - value**2, 0.0) / pairs)
    return shown(indicator, window, sample, value, (max(value - width, -1.0), min(value + width, 1.0)))
