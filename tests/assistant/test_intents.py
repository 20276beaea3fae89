from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from assistant.answers import ABILITIES
from assistant.asking import ask
from assistant.intents import Examples, examples, terms
from assistant.phrases import phrases


def test_weights_and_nearness_are_those_of_scikit_learn():
    told = [["top", "artist", "xwhen"], ["how", "many", "play", "xwhen"], ["when", "did", "i", "play", "xtrack"]]
    asked = ["when", "did", "i", "play", "xwhen"]
    theirs = TfidfVectorizer(analyzer=terms, lowercase=False).fit(told)
    expected = (theirs.transform(told) @ theirs.transform([asked]).T).toarray().ravel()
    ours = {
        guess.intent: guess.nearness
        for guess in Examples({str(i): [words] for i, words in enumerate(told)}).nearest(asked)
    }
    assert np.allclose([ours[str(i)] for i in range(3)], expected)


def test_every_example_is_nearest_to_its_own_intent():
    astray = [(words, intent) for intent, words in examples_of_all() if examples().nearest(words)[0].intent != intent]
    assert not astray


def examples_of_all():
    from assistant.intents import _expanded

    for intent, lines in phrases().asked.items():
        yield from ((intent, words) for words in _expanded(lines))
    for intent, (_, lines) in phrases().refused.items():
        yield from ((intent, words) for words in _expanded(lines))


def test_every_intent_has_an_answer_and_every_answer_has_examples():
    assert set(phrases().asked) - {"help"} == set(ABILITIES)


@pytest.mark.parametrize("intent", [name for name, ability in ABILITIES.items() if "…" not in ability.example])
def test_what_is_offered_to_ask_can_be_asked(made_store, intent):
    reply = ask(made_store, ABILITIES[intent].example)
    assert reply.intent == intent or (not reply.is_answered and reply.intent == intent), reply.sentence
